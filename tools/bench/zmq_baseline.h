// What ZeroMQ alone moves when it is used as docs/reference/message.md says: the frames of our
// batches over a DEALER and a ROUTER, as many leases open as we have, checksums at both ends. No
// book, no thread but one a side, and a batch is forgotten once it is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/shared_bytes.h"

namespace millrace::tools {

/// Bytes of columns a second of at least `bytes`, in batches of `columns`, sent from where they
/// lie. `address` is free to be bound. Throws std::runtime_error where nothing comes for seconds or
/// a checksum does not match, zmq::error_t for what ZeroMQ refuses.
[[nodiscard]] double bare_zmq_bytes_per_s(const std::string& address,
                                          const std::vector<proto::SharedBytes>& columns,
                                          std::uint64_t bytes);

}  // namespace millrace::tools
