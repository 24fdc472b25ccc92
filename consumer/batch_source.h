// Where a trainer's samples come from: by index, in whatever order it asks.
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

  /// The stream's meta; known before the source is handed out.
  [[nodiscard]] virtual const proto::StreamMeta& meta() const = 0;

  /// Samples [first, first + count) of the split. Waits for them up to `timeout`, less if the
  /// program is asked to stop; empty: they are not there yet, ask again. Throws std::runtime_error
  /// if they cannot be had. One thread at a time.
  [[nodiscard]] virtual std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                        std::uint32_t count,
                                                        std::chrono::milliseconds timeout) = 0;

  /// Says that a completed step has used every train sample below `cursor`.
  virtual void advance(std::uint64_t cursor) = 0;

  /// For a stream whose stages the trainer names: from now on train samples have the stages of this
  /// log. What was fetched ahead at another stage is dropped and fetched again, so the next get()
  /// obeys it. It may differ from the log before only at samples that no completed step has used.
  virtual void set_stage_log(const proto::StageLog& log) = 0;

  /// What it waits for while samples are not there, as a sentence for a person. Any thread.
  [[nodiscard]] virtual std::string state() const = 0;
};

}  // namespace millrace::consumer
