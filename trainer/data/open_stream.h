// Connects a trainer to its stream, by the transport that queue.uri names. Free of LibTorch.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/options.h"
#include "consumer/batch_sharding.h"
#include "consumer/batch_source.h"
#include "consumer/prefetch_window.h"
#include "proto/meta.h"
#include "proto/stage_log.h"
#include "queue/ends/ends.h"
#include "telemetry/health.h"
#include "telemetry/registry.h"

namespace millrace::trainer {

/// A run's request for its stream.
struct StreamRequest {
  consumer::BatchSharding sharding;
  std::uint64_t cursor = 0;        ///< first train sample that no completed step has used
  std::uint64_t eval_samples = 0;  ///< val samples of one evaluation, over all ranks
  proto::StageLog stage_log{};     ///< where the trainer names the stages
  /// 16 hex digits; names the group on a queue that several runs share.
  std::string run_id;
  /// Of the ranks of this start (queue/ends/secret.h); empty: there is one rank.
  std::string rank_secret{};
  /// The stream of the checkpoint that is resumed; no other one is accepted.
  std::optional<proto::StreamMeta> pinned;
  /// Counts what is received and requested.
  telemetry::Registry* registry = &telemetry::null_registry();
  telemetry::Health* health = &telemetry::null_health();  ///< shows what is waited for
};

/// A stream that is waited for.
class StreamOpening {
 public:
  /// Throws UsageError for a queue.uri that cannot be used, std::runtime_error for one that cannot
  /// be opened (a port in use).
  StreamOpening(const config::Options& options, const StreamRequest& request);
  ~StreamOpening();
  StreamOpening(const StreamOpening&) = delete;
  StreamOpening& operator=(const StreamOpening&) = delete;

  /// Waits a fraction of a second for a stream that matches the recipe; true once there is one.
  /// Logs now and then what it waits for.
  [[nodiscard]] bool wait_for_stream();
  /// The stream, after wait_for_stream() returned true; once.
  [[nodiscard]] std::unique_ptr<consumer::BatchSource> source();

 private:
  consumer::PrefetchPlan plan_;
  telemetry::Registry& registry_;
  telemetry::Health& health_;
  std::function<void(const proto::StreamMeta&)> log_taken_;  ///< what is to be said of the stream
  std::unique_ptr<queue::ConsumerEnd> end_;
  std::optional<proto::StreamMeta> meta_;
  std::chrono::steady_clock::time_point log_at_;
};

/// Waits for the stream, in a process that needs no other rank. Empty: asked to stop meanwhile.
/// Throws what StreamOpening throws.
[[nodiscard]] std::unique_ptr<consumer::BatchSource> open_stream(const config::Options& options,
                                                                 const StreamRequest& request);

}  // namespace millrace::trainer
