// Positions by their flat numbers (positions.h).
#include "trainer/objectives/positions.h"

namespace millrace::trainer {

Positions::Positions(const torch::Tensor& selected)
    : Positions(selected.flatten().nonzero().squeeze(1), selected.size(0), selected.size(1)) {}

Positions::Positions(const torch::Tensor& numbers, std::int64_t samples, std::int64_t length)
    : samples_(samples),
      flat_(numbers.clamp_min(0)),
      rows_(numbers.div(length, "floor").remainder(samples + 1)) {}

torch::Tensor Positions::gather(const torch::Tensor& values) const {
  return values.flatten(0, 1).index_select(0, flat_);
}

torch::Tensor Positions::gather_by_sample(const torch::Tensor& values) const {
  return values.index_select(0, rows_.clamp_max(samples_ - 1));
}

torch::Tensor Positions::sum_by_sample(const torch::Tensor& values) const {
  return torch::zeros({samples_ + 1}, values.options())
      .index_add(0, rows_, values)
      .narrow(0, 0, samples_);
}

torch::Tensor lengths_of(const torch::Tensor& tokens) {
  return torch::full({tokens.size(0)}, tokens.size(1), tokens.options());
}

}  // namespace millrace::trainer
