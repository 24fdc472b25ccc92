// The tables, and the rotation by LibTorch's operations (rotary.h); split_heads (fused.h) has a
// faster one.
#include "trainer/nn/rotary.h"

#include <vector>

namespace millrace::trainer {
namespace {

constexpr double kRotaryBase = 10000.0;

}  // namespace

Rotary::Rotary(std::int64_t positions, std::int64_t head_size) {
  const auto pair =
      torch::arange(0, head_size, 2, torch::kFloat64) / static_cast<double>(head_size);
  const auto angles =
      torch::outer(torch::arange(positions, torch::kFloat64), torch::pow(kRotaryBase, -pair));
  cos = angles.cos().to(torch::kFloat32);
  sin = angles.sin().to(torch::kFloat32);
}

torch::Tensor Rotary::rotate(const torch::Tensor& x) const {
  const auto half = x.size(-1) / 2;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  shape.back() = half;
  const auto c = cos.narrow(0, 0, x.size(1)).view(shape);
  const auto s = sin.narrow(0, 0, x.size(1)).view(shape);
  const auto wide = x.to(at::promote_types(x.scalar_type(), c.scalar_type()));
  const auto a = wide.narrow(-1, 0, half), b = wide.narrow(-1, half, half);
  return at::cat({a * c - b * s, b * c + a * s}, -1).to(x.scalar_type());
}

}  // namespace millrace::trainer
