// Sums of the loss per stage, over all ranks (validation_loss.h).
#include "trainer/evaluation/validation_loss.h"

#include <algorithm>
#include <sstream>

#include "config/errors.h"

namespace millrace::trainer {
namespace {

/// Sums by name, each f64 [stages] on the CPU.
class Tally {
 public:
  explicit Tally(std::size_t stages) : stages_(static_cast<std::int64_t>(stages)) {
    for (const char* const name : {"sum", "weight", "samples"}) sums(name);
  }

  void add(const Loss& loss, const torch::Tensor& stage) {
    add("sum", stage, loss.sum);
    add("weight", stage, loss.weight);
    add("samples", stage, torch::ones_like(loss.weight));
    for (const auto& [name, values] : loss.metrics) add(kMetric + name, stage, values);
  }

  void reduce(ProcessGroup& ranks) {
    // Rank 0's names: a rank without samples has no metrics.
    std::istringstream names(ranks.broadcast(joined_names(), "the names of an evaluation"));
    std::vector<torch::Tensor> all;
    for (std::string name; std::getline(names, name);) all.push_back(sums(name));
    ranks.all_reduce_sum(all, "the sums of an evaluation");
    // Every rank decides by these sums, so every rank gets rank 0's bits.
    ranks.broadcast(all, "the sums of an evaluation");
  }

  [[nodiscard]] ValidationResult result(proto::Split split, const std::vector<std::string>& names) {
    ValidationResult result;
    result.split = split;
    const auto weight = sums("weight").sum().item<double>();
    result.samples = static_cast<std::uint64_t>(sums("samples").sum().item<double>());
    for (const auto& [name, values] : by_name_) {
      if (name.starts_with(kMetric)) {
        result.metrics[name.substr(kMetric.size())] = values.sum().item<double>() / weight;
      }
    }
    result.loss = sums("sum").sum().item<double>() / weight;
    for (std::int64_t i = 0; i < stages_; ++i) {
      if (const auto samples = at("samples", i); samples > 0) {
        result.stages.push_back({names[static_cast<std::size_t>(i)], at("sum", i) / at("weight", i),
                                 static_cast<std::uint64_t>(samples)});
      }
    }
    return result;
  }

 private:
  static inline const std::string kMetric = "metric ";

  torch::Tensor& sums(const std::string& name) {
    torch::Tensor& tensor = by_name_[name];
    if (!tensor.defined()) tensor = torch::zeros({stages_}, torch::kFloat64);
    return tensor;
  }
  double at(const std::string& name, std::int64_t stage) {
    return sums(name)[stage].item<double>();
  }
  void add(const std::string& name, const torch::Tensor& stage, const torch::Tensor& values) {
    sums(name).index_add_(0, stage.cpu(), values.to(torch::kFloat64).cpu());
  }
  /// A line for each name.
  [[nodiscard]] std::string joined_names() const {
    std::string names;
    for (const auto& [name, values] : by_name_) names += name + '\n';
    return names;
  }

  std::int64_t stages_;
  std::map<std::string, torch::Tensor> by_name_;
};

const std::vector<std::string>& stage_names(const proto::StreamMeta& meta, proto::Split split) {
  return split == proto::Split::kTrain ? meta.train_stages : meta.val_stages;
}

/// This rank's samples in slices of at most batch_size.
std::vector<consumer::Slice> slices_of(const ValidationPlan& plan) {
  const consumer::Slice own =
      consumer::share(plan.sharding, 0, static_cast<std::uint32_t>(plan.samples));
  std::vector<consumer::Slice> slices;
  for (std::uint32_t done = 0; done < own.count; done += plan.sharding.batch_size) {
    slices.push_back({own.first + done, std::min(plan.sharding.batch_size, own.count - done)});
  }
  return slices;
}

/// Puts the model into evaluation mode while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(Model& model) : model_(model), was_training_(model.is_training()) {
    model.eval();
  }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Model& model_;
  bool was_training_;
};

}  // namespace

std::uint64_t evaluation_samples(const proto::StreamMeta& meta, proto::Split split,
                                 std::uint64_t eval_iters, std::uint32_t batch_size,
                                 const std::string& advice) {
  const std::uint64_t size = meta.size(split);
  if (size == 0) {
    throw config::UsageError("dataset " + meta.dataset_name + " has no " +
                             std::string(proto::to_string(split)) + " split; " + advice);
  }
  return std::min(size, eval_iters * batch_size);
}

std::optional<ValidationResult> measure_validation_loss(
    Model& model, const Objective& objective, const proto::StreamMeta& meta, StepLoader& loader,
    ProcessGroup& ranks, const ValidationPlan& plan,
    const std::function<void(const proto::Batch&)>& used) {
  const EvaluationMode mode(model);
  const torch::NoGradGuard no_grad;
  Tally tally(stage_names(meta, plan.split).size());
  const bool complete = loader.each(plan.split, slices_of(plan), [&](const MicroBatch& micro) {
    const AutocastScope autocast(plan.precision, plan.device);
    tally.add(objective.loss(model, micro.wide), micro.wide.stages());
    used(micro.wire);
  });
  if (!complete) return std::nullopt;
  tally.reduce(ranks);
  return tally.result(plan.split, stage_names(meta, plan.split));
}

}  // namespace millrace::trainer
