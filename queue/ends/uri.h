// queue.uri: which transport, and where.
#pragma once

#include <string>

namespace millrace::queue {

enum class Scheme { kInproc, kFile, kTcp, kIpc };

struct Uri {
  Scheme scheme = Scheme::kInproc;
  std::string text;  ///< the whole, for messages and for ZeroMQ
  std::string rest;  ///< what follows "scheme://"
};

/// Throws std::invalid_argument for a text that is none of inproc://, file://FOLDER,
/// tcp://HOST:PORT, ipc://PATH.
[[nodiscard]] Uri parse_uri(const std::string& text);

/// Whether a tcp host:port stands for this machine alone (127.0.0.0/8, localhost, [::1]).
[[nodiscard]] bool is_loopback(const Uri& uri);

}  // namespace millrace::queue
