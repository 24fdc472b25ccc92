// Opens either end of the transport that queue.uri names. inproc:// has both ends in one process
// and is opened by the producer room.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/meta.h"
#include "proto/stage_log.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/range_size.h"
#include "queue/ends/security.h"
#include "queue/ends/uri.h"
#include "telemetry/registry.h"

namespace millrace::queue {

struct ProducerPlan {
  std::uint32_t capacity = 1;  ///< ranges worked on at once
  /// Samples of each split that a queue folder should hold before a run exists.
  std::array<std::uint64_t, proto::kSplitCount> ahead{};
  /// Of train samples then; not empty where the trainer names the stages.
  proto::StageLog stage_log{};
  Security security = {};
};

struct ConsumerPlan {
  std::string run_id;
  std::uint32_t rank = 0;
  std::string advertise = {};                  ///< queue.advertise
  std::chrono::milliseconds late_after{2000};  ///< queue.late_s
  double audit = 0.0;                          ///< queue.audit
  std::uint64_t cursor = 0;
  std::uint64_t eval_samples = 0;
  Window train_window = {};
  Security security = {};
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
  telemetry::Registry* registry = &telemetry::null_registry();
};

/// Throws std::invalid_argument for inproc://, std::runtime_error where the place cannot be used.
[[nodiscard]] std::unique_ptr<ProducerEnd> open_producer_end(const Uri& uri,
                                                             const proto::StreamMeta& meta,
                                                             const ProducerPlan& plan);
[[nodiscard]] std::unique_ptr<ConsumerEnd> open_consumer_end(const Uri& uri,
                                                             const Expectation& expected,
                                                             const ConsumerPlan& plan);

}  // namespace millrace::queue
