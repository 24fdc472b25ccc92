// Connects a trainer to its stream, by the transport that queue.uri names. Free of LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/options.h"
#include "consumer/batch_source.h"
#include "consumer/deal.h"
#include "proto/meta.h"
#include "telemetry/health.h"
#include "telemetry/registry.h"
#include "proto/stage_log.h"

namespace millrace::trainer {

/// What the run asks of its stream.
struct StreamRequest {
  consumer::Deal deal;                                      ///< this rank's share of every step
  std::uint64_t cursor = 0;                                 ///< first train sample that no completed step has used
  std::uint64_t eval_samples = 0;                           ///< val samples of one evaluation, over all ranks
  proto::StageLog stage_log{};                              ///< where the trainer names the stages
  std::string run_id;                                       ///< 16 hex digits; names the group on a queue that several runs share
  std::optional<proto::StreamMeta> pinned;                  ///< of the checkpoint that is resumed: no other stream is accepted
  telemetry::Registry* registry = &telemetry::unwatched();  ///< counts what is received and asked for
  telemetry::Health* health = &telemetry::unwatched_health();  ///< told what is waited for
};

/// Waits until a stream that matches the recipe is there, saying on stderr what it waits for. Empty: asked to stop meanwhile.
/// Throws UsageError for a queue.uri that cannot be used, std::runtime_error for one that cannot be opened (a port in use).
[[nodiscard]] std::unique_ptr<consumer::BatchSource> open_stream(const config::Options& options, const StreamRequest& request);

}  // namespace millrace::trainer
