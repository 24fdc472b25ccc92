// Attention, kept keys and rotary positions (attention.h).
#include "trainer/attention.h"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace millrace::trainer {
namespace {

constexpr double kRotaryBase = 10000.0;
constexpr std::int64_t kShortSequence = 256;

/// bool [n, L]: whether position j follows the one of query i, which is L − n + i.
torch::Tensor follows(const torch::Tensor& q, const torch::Tensor& k) {
  const auto queries = q.size(2), positions = k.size(2);
  return torch::ones({queries, positions}, q.options().dtype(torch::kBool)).triu(positions - queries + 1);
}

torch::Tensor fused(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, double dropout, bool hides) {
  const bool square = q.size(2) == k.size(2);  // what LibTorch has a causal mask of its own for
  const auto mask = hides && !square ? std::optional(follows(q, k).logical_not()) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, mask, dropout, hides && square);
}

torch::Tensor spelled_out(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, double dropout, bool hides) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores = at::matmul(q * scale, k.transpose(2, 3));
  const auto weights = at::softmax(hides ? scores.masked_fill(follows(q, k), -std::numeric_limits<double>::infinity()) : scores, -1);
  return at::matmul(at::dropout(weights, dropout, dropout > 0.0), v);
}

}  // namespace

// LibTorch's fused kernel cuts attention into matrix products of one head and one block each; in half precision on a CPU each of
// those costs more to set up than to do for short sequences, and spelling it out makes a step of the small recipe (L = 128) take
// 0.6 of the time. One query against kept keys takes 0.4 … 0.9 of it too; of a single text with 100 keys it takes 50 µs more.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, const AttentionSettings& settings) {
  const bool hides = settings.causal && q.size(2) > 1;  // the last position sees all
  const bool short_half = q.is_cpu() && q.scalar_type() == torch::kBFloat16 && q.size(2) <= kShortSequence;
  return (short_half ? spelled_out : fused)(q, k, v, settings.dropout, hides);
}

void KeptKeys::keep(const torch::Tensor& k, const torch::Tensor& v) {
  if (!keys_.defined()) {
    keys_ = torch::empty({k.size(0), k.size(1), longest_, k.size(3)}, k.options());
    values_ = torch::empty_like(keys_);
  }
  keys_.narrow(2, length_, k.size(2)).copy_(k);
  values_.narrow(2, length_, v.size(2)).copy_(v);
  length_ += k.size(2);
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
