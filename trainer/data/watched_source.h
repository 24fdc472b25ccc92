// A view over a batch source that reports to the process's health what its main loop waits for.
// Free of LibTorch.
#pragma once

#include "consumer/batch_source.h"
#include "telemetry/health.h"

namespace millrace::trainer {

class WatchedSource final : public consumer::BatchSource {
 public:
  /// Both outlive this.
  WatchedSource(consumer::BatchSource& source, telemetry::Health& health)
      : source_(source), health_(health) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return source_.meta(); }
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count,
                                                std::chrono::milliseconds timeout) override;
  void advance(std::uint64_t cursor) override { source_.advance(cursor); }
  void set_stage_log(const proto::StageLog& log) override { source_.set_stage_log(log); }
  [[nodiscard]] std::string state() const override { return source_.state(); }

 private:
  consumer::BatchSource& source_;
  telemetry::Health& health_;
};

}  // namespace millrace::trainer
