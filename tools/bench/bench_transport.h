// What the transport alone carries, and what the machine could: a stream that costs nothing to
// compute goes through the ends, messages and checksums that `prepare` has and the prefetcher that
// `train` has, between threads of this process; in turns with loops that do the least that moves
// the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "config/options.h"

namespace millrace::tools {

/// Bytes of columns a second; one value a repeat each.
struct TransportRates {
  std::vector<double> ours;
  std::vector<double> raw;    ///< tcp:// and ipc://: raw_loopback.h
  std::vector<double> bare;   ///< tcp:// and ipc://: zmq_baseline.h, without keys
  std::vector<double> plain;  ///< file://: plain_files.h
};

/// With one producer of one thread and the recipe's window, in a temporary place; the taker's
/// batches have `batch_bytes`. A repeat moves about `bytes` each way. inproc:// has no limit of the
/// machine's to be compared with: std::invalid_argument.
[[nodiscard]] TransportRates measure_transport(const config::Options& recipe,
                                               std::uint32_t batch_bytes, std::uint64_t bytes,
                                               std::uint64_t repeats);

}  // namespace millrace::tools
