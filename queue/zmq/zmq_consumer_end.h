// tcp:// and ipc://, the trainer's side: a ROUTER, and the lease book over it. Rank 0 listens at
// queue.uri; every other rank listens beside it and tells rank 0 where. It has no thread: producers
// are heard while somebody waits in wait_for_stream() or take().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/range_size.h"
#include "queue/ends/security.h"
#include "queue/ends/uri.h"
#include "telemetry/registry.h"

namespace millrace::queue {

struct ZmqRun {
  std::string run_id;  ///< the same for all ranks
  std::uint32_t rank = 0;
  /// A host, or host:port, that producers reach this rank by; empty: where it listens.
  std::string advertise = {};
  Window train_window = {};
  std::chrono::milliseconds late_after{2000};
  double audit = 0.0;  ///< share of the ranges that two producers compute, to be compared
  Security security = {};
  telemetry::Registry& registry;
};

/// Binds at once. Throws std::runtime_error where the address cannot be bound,
/// std::invalid_argument for one that cannot be used.
[[nodiscard]] std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri,
                                                                 const Expectation& expected,
                                                                 const ZmqRun& run);

}  // namespace millrace::queue
