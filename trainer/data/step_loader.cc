// Waiting for data together (step_loader.h).
#include "trainer/data/step_loader.h"

#include <algorithm>
#include <utility>

#include "config/app/stop.h"
#include "trainer/base/clock.h"

namespace millrace::trainer {
namespace {

std::chrono::milliseconds left_until(Clock::time_point deadline) {
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
}

}  // namespace

StepLoader::StepLoader(consumer::BatchSource& source, const Objective& objective,
                       ProcessGroup& ranks, torch::Device device, telemetry::Health& health)
    : source_(source),
      objective_(objective),
      ranks_(ranks),
      to_device_(device),
      health_(health),
      patience_(std::min<std::chrono::milliseconds>(kPatience, ranks.timeout() / 4)) {}

std::optional<GlobalBatch> StepLoader::step(const std::vector<consumer::Slice>& slices) {
  GlobalBatch batch;
  double weight = 0.0;
  for (;;) {
    const RankStatus all = run_and_sync(
        ranks_,
        [&] {
          const auto deadline = Clock::now() + patience_;
          while (batch.micro_batches.size() < slices.size()) {
            auto next =
                get(proto::Split::kTrain, slices[batch.micro_batches.size()], left_until(deadline));
            if (!next) break;
            weight += next->weight;
            batch.micro_batches.push_back(std::move(*next));
          }
          if (batch.micro_batches.size() == slices.size()) {
            health_.alive("this rank has the samples of a step; the others get theirs");
          }
          return RankStatus{
              .waiting = static_cast<double>(slices.size() - batch.micro_batches.size()),
              .weight = weight,
              .save = config::take_save_request() ? 1.0 : 0.0};
        },
        "the start of a step");
    if (all.stop > 0) return std::nullopt;
    batch.weight = all.weight;
    batch.save_requested |= all.save > 0;
    if (all.waiting == 0) return batch;
  }
}

bool StepLoader::each(proto::Split split, const std::vector<consumer::Slice>& slices,
                      const std::function<void(const MicroBatch&)>& use) {
  std::size_t done = 0;
  for (;;) {
    const RankStatus all = run_and_sync(
        ranks_,
        [&] {
          if (done < slices.size()) {
            if (const auto next = get(split, slices[done], patience_)) {
              use(*next);
              ++done;
            }
          }
          if (done == slices.size()) {
            health_.alive("this rank has evaluated; the others are at it");
          }
          return RankStatus{.waiting = static_cast<double>(slices.size() - done)};
        },
        "an evaluation");
    if (all.stop > 0) return false;
    if (all.waiting == 0) return true;
  }
}

double StepLoader::take_waited_ms() { return std::exchange(waited_ms_, 0.0); }

// Loss positions and weight are computed on the host: to read them from a device would wait until
// it has finished all its work.
MicroBatch StepLoader::prepare(proto::Batch wire) const {
  DeviceBatch host = widen_on_host(source_.meta(), wire, to_device_);
  if (const auto mask = objective_.loss_positions(host); mask.defined()) {
    host = host.with_loss_positions(Positions(mask).numbers());
  }
  const double weight = objective_.weight(host).sum().item<double>();
  return {std::move(wire), host.copied(to_device_), weight};
}

std::optional<MicroBatch> StepLoader::get(proto::Split split, const consumer::Slice& slice,
                                          std::chrono::milliseconds timeout) {
  const auto start = Clock::now();
  auto batch = source_.get(split, slice.first, slice.count, timeout);
  waited_ms_ += ms_since(start);
  if (!batch) return std::nullopt;
  return prepare(std::move(*batch));
}

}  // namespace millrace::trainer
