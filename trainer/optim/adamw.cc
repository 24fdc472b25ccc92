// AdamW over two groups, with and without decay (adamw.h).
#include "trainer/optim/adamw.h"

#include <optional>

namespace millrace::trainer {

AdamW::AdamW(const NamedTensors& parameters, const AdamWOptions& options)
    : options_(options), groups_(2) {
  groups_[0].weight_decay = options.weight_decay;
  step_ = torch::zeros({}, torch::dtype(torch::kFloat32).device(parameters.at(0).second.device()));
  for (const auto& [name, parameter] : parameters) add(name, parameter);
  state_.emplace_back("step", step_);
}

void AdamW::add(const std::string& name, const torch::Tensor& parameter) {
  Group& group = groups_[parameter.dim() >= 2 ? 0 : 1];
  group.parameters.push_back(parameter);
  group.exp_avgs.push_back(torch::zeros_like(parameter, torch::requires_grad(false)));
  group.exp_avg_sqs.push_back(torch::zeros_like(parameter, torch::requires_grad(false)));
  group.steps.push_back(step_);
  state_.emplace_back(name + ".exp_avg", group.exp_avgs.back());
  state_.emplace_back(name + ".exp_avg_sq", group.exp_avg_sqs.back());
}

void AdamW::step(const torch::Tensor& learning_rate, const torch::Tensor& grad_divisor,
                 const torch::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  const auto given = [](const torch::Tensor& tensor) {
    return tensor.defined() ? std::optional(tensor) : std::nullopt;
  };
  skip.defined() ? step_.add_(1 - skip) : step_.add_(1);
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    std::vector<torch::Tensor> gradients;
    for (const torch::Tensor& parameter : group.parameters) gradients.push_back(parameter.grad());
    const auto update = [&](auto kernel) {
      kernel(group.parameters, gradients, group.exp_avgs, group.exp_avg_sqs,
             /*max_exp_avg_sqs=*/at::TensorList(), group.steps, learning_rate, options_.beta1,
             options_.beta2, group.weight_decay, options_.epsilon, /*amsgrad=*/false,
             /*maximize=*/false, /*grad_scale=*/given(grad_divisor), /*found_inf=*/given(skip));
    };
    if (options_.decoupled) {
      update([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
    } else {
      update([](auto&&... arguments) { at::_fused_adam_(arguments...); });
    }
  }
}

}  // namespace millrace::trainer
