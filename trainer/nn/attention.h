// Scaled dot-product attention, and a cache of keys and values.
#pragma once

#include <cstdint>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct AttentionSettings {
  double dropout = 0.0;  ///< probability of dropping a weight; 0 in evaluation
  /// Position i sees positions 0 … i only; the queries are those of the last positions.
  bool causal = false;
};

/// softmax(q·kᵀ/√D)·v: q [B, heads, n, D], k and v [B, heads, L, D] → [B, heads, n, D]. n = L, or
/// n ≤ L with a causal mask.
[[nodiscard]] torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k,
                                   const torch::Tensor& v, const AttentionSettings& settings);

/// The keys and values of one layer at the positions that were read so far. The memory for
/// `longest` positions is allocated at the first append.
class KvCache {
 public:
  explicit KvCache(std::int64_t longest) : longest_(longest) {}
  /// Appends the keys and values of the next n positions, each [B, heads, n, D] with the same B,
  /// heads and D in all calls.
  void append(const torch::Tensor& k, const torch::Tensor& v);
  /// Keys and values of all positions so far: views [B, heads, l, D].
  [[nodiscard]] torch::Tensor keys() const { return keys_.narrow(2, 0, length_); }
  [[nodiscard]] torch::Tensor values() const { return values_.narrow(2, 0, length_); }

 private:
  std::int64_t longest_;
  std::int64_t length_ = 0;
  torch::Tensor keys_, values_;  ///< [B, heads, longest, D], in the dtype of the first append
};

}  // namespace millrace::trainer
