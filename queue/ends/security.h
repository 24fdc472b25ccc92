// Who may talk to whom over tcp:// and ipc://: CURVE keys and an allow-list.
// docs/explanation/security.md says what they protect.
//
// Keys are Z85 texts of 40 characters, as libzmq writes them. queue/zmq/keys.h reads them from
// files.
#pragma once

#include <optional>
#include <set>
#include <string>

namespace millrace::queue {

struct KeyPair {
  std::string public_key;
  std::string secret_key;  ///< never logged
};

/// Without a pair nothing is encrypted and everybody who reaches the address is admitted.
struct Security {
  std::optional<KeyPair> own = {};
  /// The public key of the side that binds; for the side that connects.
  std::string server_key = {};
  /// Public keys that the side that binds admits, beside its own.
  std::set<std::string> allowed = {};
  bool insecure = false;  ///< allows a tcp address that others can reach, without keys
};

}  // namespace millrace::queue
