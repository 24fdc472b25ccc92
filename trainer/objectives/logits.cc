// Logits in f32, and logits without the mask (logits.h).
#include "trainer/objectives/logits.h"

#include <limits>

namespace millrace::trainer {

torch::Tensor at_least_f32(const torch::Tensor& logits) {
  return logits.scalar_type() == torch::kFloat64 ? logits : logits.to(torch::kFloat32);
}

torch::Tensor without_mask(const torch::Tensor& logits, std::int64_t mask) {
  const auto index = torch::full({1}, mask, torch::dtype(torch::kInt64).device(logits.device()));
  return logits.index_fill(-1, index, -std::numeric_limits<double>::infinity());
}

}  // namespace millrace::trainer
