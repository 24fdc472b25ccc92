// BatchSource, the trainer's view of a stream: samples by index, exactly once and in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/stage_log.h"
#include "proto/types.h"

namespace millrace::consumer {

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// The stream's meta.
  [[nodiscard]] virtual const proto::StreamMeta& meta() const = 0;

  /// Samples [first, first + count) of the split. Waits for them up to `timeout`, or until the
  /// program is asked to stop. Empty if they are not here yet: ask again. Throws std::runtime_error
  /// if they cannot be delivered. One thread at a time.
  [[nodiscard]] virtual std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                        std::uint32_t count,
                                                        std::chrono::milliseconds timeout) = 0;

  /// Reports that steps have taken every train sample below `cursor`. They are launched, and need
  /// not be complete.
  virtual void advance(std::uint64_t cursor) = 0;

  /// Sets the stages of train samples, for a stream whose stages the trainer names. Samples fetched
  /// ahead at another stage are dropped and fetched again, so the next get() obeys the log. It may
  /// differ from the previous log only at samples that no step has taken.
  virtual void set_stage_log(const proto::StageLog& log) = 0;

  /// The reason for a wait, as a sentence. Any thread.
  [[nodiscard]] virtual std::string state() const = 0;
};

}  // namespace millrace::consumer
