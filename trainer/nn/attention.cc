// Attention and kept keys (attention.h).
#include "trainer/nn/attention.h"

#include <cmath>
#include <limits>
#include <optional>

#include "trainer/nn/fused.h"
#include "trainer/nn/fused_attention.h"

namespace millrace::trainer {
namespace {

constexpr std::int64_t kShortSequence = 256;

/// bool [n, L]: whether position j follows the one of query i, which is L − n + i.
torch::Tensor follows(const torch::Tensor& q, const torch::Tensor& k) {
  const auto queries = q.size(2), positions = k.size(2);
  return torch::ones({queries, positions}, q.options().dtype(torch::kBool))
      .triu(positions - queries + 1);
}

torch::Tensor fused(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                    double dropout, bool hides) {
  const bool square = q.size(2) == k.size(2);  // what LibTorch has a causal mask of its own for
  const auto mask = hides && !square ? std::optional(follows(q, k).logical_not()) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, mask, dropout, hides && square);
}

torch::Tensor spelled_out(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                          double dropout, bool hides) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores = at::matmul(q * scale, k.transpose(2, 3));
  const auto weights = at::softmax(
      hides ? scores.masked_fill(follows(q, k), -std::numeric_limits<double>::infinity()) : scores,
      -1);
  return at::matmul(dropped(weights, dropout), v);
}

}  // namespace

// LibTorch's fused kernel cuts attention into matrix products of one head and one block each; in
// half precision on a CPU each of those costs more to set up than to do for short sequences, and
// spelling it out makes a step of the small recipe (L = 128) take 0.6 of the time. One query
// against kept keys takes 0.4 … 0.9 of it too; of a single text with 100 keys it takes 50 µs more.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionSettings& settings) {
  if (fits_fused_attention(q, k)) return fused_attention(q, k, v, settings);
  const bool hides = settings.causal && q.size(2) > 1;  // the last position sees all
  const bool short_half =
      q.is_cpu() && q.scalar_type() == torch::kBFloat16 && q.size(2) <= kShortSequence;
  return (short_half ? spelled_out : fused)(q, k, v, settings.dropout, hides);
}

void KvCache::keep(const torch::Tensor& k, const torch::Tensor& v) {
  if (!keys_.defined()) {
    keys_ = torch::empty({k.size(0), k.size(1), longest_, k.size(3)}, k.options());
    values_ = torch::empty_like(keys_);
  }
  keys_.narrow(2, length_, k.size(2)).copy_(k);
  values_.narrow(2, length_, v.size(2)).copy_(v);
  length_ += k.size(2);
}

}  // namespace millrace::trainer
