// Times training steps, forward passes and matrix products in turn (step_benchmark.h).
#include "trainer/bench/step_benchmark.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "config/app/stop.h"
#include "proto/files.h"
#include "trainer/base/clock.h"
#include "trainer/bench/matrix_product.h"
#include "trainer/bench/model_flops.h"
#include "trainer/data/open_stream.h"
#include "trainer/device/machine.h"
#include "trainer/models/models.h"
#include "trainer/objectives/objectives.h"
#include "trainer/run/stage_plan.h"
#include "trainer/training/start.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {
namespace {

constexpr std::uint64_t kBatches = 4;
constexpr std::uint64_t kWarmUpSteps = 2;
constexpr double kRepeatMs = 2000.0;
constexpr double kMostSteps = 100;

/// The first global batches of train, and their stream.
struct Work {
  proto::StreamMeta meta;
  std::vector<GlobalBatch> batches;
};

/// Empty: asked to stop.
std::optional<Work> make_work(config::Options options, ProcessGroup& ranks, torch::Device device) {
  options.queue.uri = "inproc://";
  const consumer::BatchSharding sharding = sharding_of(options.train, ranks);
  const auto source = open_stream(options, {.sharding = sharding,
                                            .stage_log = first_stage_log(options),
                                            .run_id = proto::random_id(),
                                            .pinned = {}});
  if (!source) return std::nullopt;
  const auto objective = make_objective(options, source->meta());
  StepLoader loader(*source, *objective, ranks, device);
  Work work{source->meta(), {}};
  for (std::uint64_t cursor = 0; work.batches.size() < kBatches; source->advance(cursor)) {
    auto batch = loader.step(consumer::micro_batches(sharding, cursor));
    if (!batch) return std::nullopt;
    work.batches.push_back(std::move(*batch));
    cursor += sharding.global_batch();
  }
  return work;
}

/// The training steps of train_loop.cc without logs, evaluations and checkpoints. They take the
/// batches in turn.
class Steps {
 public:
  Steps(const config::Options& options, const Work& work, ProcessGroup& ranks, torch::Device device,
        const Precision& precision, GraphFactory make_graph)
      : seed_(options.train.seed),
        batches_(work.batches),
        device_(device),
        precision_(precision),
        train_step_(options, work.meta, device, precision, ranks, std::move(make_graph)) {}

  /// Launches a step and waits for the one before it, as train does; on a CPU a step is done when
  /// it returns. Returns the time, ms.
  double take() {
    train_step_.model().train();
    const auto start = Clock::now();
    const auto before = std::exchange(pending_, train_step_.run(batch(), done_, seed_));
    ++done_;
    if (before) static_cast<void>(before->numbers());
    return ms_since(start);
  }

  /// The samples of one step forward alone. Returns the time, ms.
  double forward() {
    if (pending_) static_cast<void>(pending_->numbers());
    train_step_.model().eval();
    const torch::NoGradGuard no_grad;
    const auto start = Clock::now();
    for (const MicroBatch& micro : batch().micro_batches) {
      const AutocastScope autocast(precision_, device_);
      static_cast<void>(
          train_step_.objective().loss(train_step_.model(), micro.wide).sum.sum().item<double>());
    }
    return ms_since(start);
  }

  [[nodiscard]] std::uint64_t parameters() {
    std::int64_t count = 0;
    for (const torch::Tensor& parameter : train_step_.model().parameters()) {
      count += parameter.numel();
    }
    return static_cast<std::uint64_t>(count);
  }

 private:
  [[nodiscard]] const GlobalBatch& batch() const { return batches_[done_ % batches_.size()]; }

  std::uint64_t seed_;
  const std::vector<GlobalBatch>& batches_;
  torch::Device device_;
  Precision precision_;
  TrainStep train_step_;
  std::optional<PendingStep> pending_;  ///< the last step
  std::uint64_t done_ = 0;
};

/// The product with the first matrix of a block's MLP, a model's widest, by the type's name.
using Products = std::map<std::string, MatrixProduct>;

Products make_products(std::int64_t rows, std::int64_t width, const Precision& precision,
                       torch::Device device) {
  Products products;
  for (const auto type : {torch::kFloat32, torch::kBFloat16, precision.compute}) {
    products.try_emplace(name_of(type), rows, width, 4 * width, type, device);
  }
  return products;
}

/// The peak resident memory of this program: VmHWM starts anew at exec, getrusage's number does
/// not.
std::uint64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  throw std::runtime_error("/proc/self/status does not tell VmHWM; is /proc mounted?");
}

StepTimes describe(const config::Options& options, const Work& work, Steps& steps,
                   torch::Device device, const Precision& precision) {
  const std::int64_t sequence = longest_sequence(work.meta);
  StepTimes times;
  times.device = device.str();
  times.dtype = name_of(precision.compute);
  times.threads = static_cast<std::uint32_t>(at::get_num_threads());
  times.parameters = steps.parameters();
  times.sequence = static_cast<std::uint64_t>(sequence);
  times.tokens =
      options.train.batch_size * options.train.gradient_accumulation_steps * times.sequence;
  times.model_flops = static_cast<double>(times.tokens) *
                      model_flops_per_token(options.model, work.meta.vocab_size, sequence);
  times.product_rows = options.train.batch_size * times.sequence;
  return times;
}

/// Takes the steps that are not counted. Returns the number of steps of a repeat.
std::uint64_t warm_up(Steps& steps, const StepTimesRequest& request) {
  double ms = 0.0;
  for (std::uint64_t i = 0; i < kWarmUpSteps; ++i) ms = steps.take();
  static_cast<void>(steps.forward());
  return request.steps.value_or(
      static_cast<std::uint64_t>(std::clamp(std::ceil(kRepeatMs / ms), 1.0, kMostSteps)));
}

void repeat(Steps& steps, std::uint64_t count, Products& products, StepTimes& times) {
  for (std::uint64_t i = 0; i < count && !config::stop_requested(); ++i) {
    times.step_ms.push_back(steps.take());
  }
  times.forward_ms.push_back(steps.forward());
  for (auto& [type, product] : products) times.product_gflops[type].push_back(product.gflops());
}

}  // namespace

std::optional<StepTimes> time_steps(const config::Options& options,
                                    const StepTimesRequest& request) {
  prepare_cpu(options.train.threads);
  const torch::Device device = choose_device(options.train.device, 0);
  const Precision precision = choose_precision(options.train.dtype, device);
  GraphFactory make_graph = graph_factory(options.train, device);
  ProcessGroup alone({}, options.train.timeout_s);
  const auto work = make_work(options, alone, device);
  if (!work) return std::nullopt;
  Steps steps(options, *work, alone, device, precision, std::move(make_graph));
  StepTimes times = describe(options, *work, steps, device, precision);
  const std::uint64_t count = warm_up(steps, request);
  times.peak_bytes = peak_resident_bytes();  // before the products take memory
  Products products = make_products(times.product_rows, options.model.n_embd, precision, device);
  for (std::uint64_t i = 0; i < request.repeats; ++i) {
    repeat(steps, count, products, times);
    if (config::stop_requested()) return std::nullopt;
  }
  return times;
}

}  // namespace millrace::trainer
