// Measures the transport alone: a stream that needs no computation goes through the ends, messages
// and checksums of `prepare` and the prefetcher of `train`, between threads of this process. In
// turns, measures the machine's limits: minimal loops that move the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "config/options.h"

namespace millrace::tools {

/// Bytes of columns per second; one value per repeat each.
struct TransportRates {
  std::vector<double> ours;
  std::vector<double> raw;    ///< tcp:// and ipc://: raw_loopback.h
  std::vector<double> zmq;    ///< tcp:// and ipc://: zmq_baseline.h, without keys
  std::vector<double> plain;  ///< file://: plain_files.h
};

/// Uses one producer of one thread, the recipe's window and a temporary place; the trainer's
/// batches have `batch_bytes`. A repeat moves about `bytes` with each method. Not for inproc://,
/// which moves no bytes.
[[nodiscard]] TransportRates measure_transport(const config::Options& recipe,
                                               std::uint32_t batch_bytes, std::uint64_t bytes,
                                               std::uint64_t repeats);

}  // namespace millrace::tools
