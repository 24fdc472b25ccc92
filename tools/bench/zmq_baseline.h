// The limit of ZeroMQ when it is used as docs/reference/message.md says: the frames of Millrace's
// batches over a DEALER and a ROUTER, with as many open leases, and checksums at both ends. No
// lease book, one thread per side, and batches are dropped once they are checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/shared_bytes.h"

namespace millrace::tools {

/// Bytes of columns per second, measured over at least `bytes`, in batches of `columns`, which are
/// sent without a copy. `address` must be free. Throws std::runtime_error after ten seconds without
/// a message and for a wrong checksum, zmq::error_t for errors of ZeroMQ.
[[nodiscard]] double zmq_baseline_bytes_per_s(const std::string& address,
                                              const std::vector<proto::SharedBytes>& columns,
                                              std::uint64_t bytes);

}  // namespace millrace::tools
