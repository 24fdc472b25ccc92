// Chosen positions by their flat numbers (positions.h).
#include "trainer/positions.h"

#include <utility>

namespace millrace::trainer {

Positions::Positions(const torch::Tensor& chosen)
    : Positions(chosen.flatten().nonzero().squeeze(1), chosen.size(0), chosen.size(1)) {}

Positions::Positions(torch::Tensor numbers, std::int64_t samples, std::int64_t length)
    : flat_(std::move(numbers)), rows_(flat_.div(length, "floor")), samples_(samples) {}

torch::Tensor Positions::of(const torch::Tensor& values) const { return values.flatten(0, 1).index_select(0, flat_); }

torch::Tensor Positions::of_sample(const torch::Tensor& values) const { return values.index_select(0, rows_); }

torch::Tensor Positions::sum(const torch::Tensor& values) const {
  return torch::zeros({samples_}, values.options()).index_add(0, rows_, values);
}

torch::Tensor lengths_of(const torch::Tensor& tokens) { return torch::full({tokens.size(0)}, tokens.size(1), tokens.options()); }

}  // namespace millrace::trainer
