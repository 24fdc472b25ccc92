// Attention and rotary positions (attention.h).
#include "trainer/attention.h"

#include <cmath>
#include <limits>
#include <vector>

namespace millrace::trainer {
namespace {

constexpr double kRotaryBase = 10000.0;
constexpr std::int64_t kShortSequence = 256;

torch::Tensor hide_what_follows(const torch::Tensor& scores) {
  const auto length = scores.size(3);
  const auto follows = torch::ones({length, length}, scores.options().dtype(torch::kBool)).triu(1);
  return scores.masked_fill(follows, -std::numeric_limits<double>::infinity());
}

}  // namespace

// LibTorch's fused kernel cuts attention into matrix products of one head and one block each; in half precision on a CPU each of
// those costs more to set up than to do for short sequences, and spelling it out makes a step of the small recipe (L = 128) take
// 0.6 of the time.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, const AttentionSettings& settings) {
  const bool spelled_out = q.is_cpu() && q.scalar_type() == torch::kBFloat16 && q.size(2) <= kShortSequence;
  if (!spelled_out) return at::scaled_dot_product_attention(q, k, v, {}, settings.dropout, settings.causal);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores = at::matmul(q * scale, k.transpose(2, 3));
  const auto weights = at::softmax(settings.causal ? hide_what_follows(scores) : scores, -1);
  return at::matmul(at::dropout(weights, settings.dropout, settings.dropout > 0.0), v);
}

Rotary::Rotary(std::int64_t positions, std::int64_t head_size) {
  const auto pair = torch::arange(0, head_size, 2, torch::kFloat64) / static_cast<double>(head_size);
  const auto angles = torch::outer(torch::arange(positions, torch::kFloat64), torch::pow(kRotaryBase, -pair));
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
