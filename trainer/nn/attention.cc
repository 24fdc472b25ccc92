// Attention by the fastest of three ways, and the cache of keys and values (attention.h).
#include "trainer/nn/attention.h"

#include <cmath>
#include <limits>
#include <optional>

#include "trainer/nn/fused.h"
#include "trainer/nn/fused_attention.h"

namespace millrace::trainer {
namespace {

constexpr std::int64_t kShortSequence = 256;  // positions

/// bool [n, L]: whether position j lies behind the position of query i, L − n + i.
torch::Tensor follows(const torch::Tensor& q, const torch::Tensor& k) {
  const auto queries = q.size(2), positions = k.size(2);
  return torch::ones({queries, positions}, q.options().dtype(torch::kBool))
      .triu(positions - queries + 1);
}

torch::Tensor by_libtorch(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                          double drop, bool masked) {
  const bool square = q.size(2) == k.size(2);  // LibTorch's own causal mask is for these only
  const auto mask = masked && !square ? std::optional(follows(q, k).logical_not()) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, mask, drop, masked && square);
}

torch::Tensor unfused(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                      double drop, bool masked) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores = at::matmul(q * scale, k.transpose(2, 3));
  const auto weights = at::softmax(
      masked ? scores.masked_fill(follows(q, k), -std::numeric_limits<double>::infinity()) : scores,
      -1);
  return at::matmul(dropout(weights, drop), v);
}

}  // namespace

// LibTorch's fused kernel cuts attention into matrix products of one head and one block each. In
// half precision on a CPU and for short sequences each of those costs more to set up than to do:
// unfused, a step of the small recipe (L = 128) takes 0.6 of the time. One query against cached
// keys takes 0.4 … 0.9 of it; only a single text with 100 keys takes 50 µs more.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionSettings& settings) {
  if (fits_fused_attention(q, k)) return fused_attention(q, k, v, settings);
  const bool masked = settings.causal && q.size(2) > 1;  // the last position sees all
  const bool short_half =
      q.is_cpu() && q.scalar_type() == torch::kBFloat16 && q.size(2) <= kShortSequence;
  return (short_half ? unfused : by_libtorch)(q, k, v, settings.dropout, masked);
}

void KvCache::append(const torch::Tensor& k, const torch::Tensor& v) {
  if (!keys_.defined()) {
    keys_ = torch::empty({k.size(0), k.size(1), longest_, k.size(3)}, k.options());
    values_ = torch::empty_like(keys_);
  }
  keys_.narrow(2, length_, k.size(2)).copy_(k);
  values_.narrow(2, length_, v.size(2)).copy_(v);
  length_ += k.size(2);
}

}  // namespace millrace::trainer
