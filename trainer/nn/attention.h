// Attention, and keys and values that are kept: what the models share.
#pragma once

#include <cstdint>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct AttentionSettings {
  double dropout = 0.0;  ///< of the weights; 0 in evaluation
  /// The queries are of the last positions of the keys, and position i sees 0 … i alone.
  bool causal = false;
};

/// softmax(q·kᵀ/√D)·v: q [B, heads, n, D], k and v [B, heads, L, D] → [B, heads, n, D]; n is L or,
/// where causal, less.
[[nodiscard]] torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k,
                                   const torch::Tensor& v, const AttentionSettings& settings);

/// The keys and values of one layer for the positions that were read so far, in memory for all that
/// may come.
class KvCache {
 public:
  explicit KvCache(std::int64_t longest) : longest_(longest) {}
  /// Keeps those of the next n positions, each [B, heads, n, D]; B, heads and D stay what they are
  /// at first.
  void keep(const torch::Tensor& k, const torch::Tensor& v);
  /// Of all positions so far: views [B, heads, l, D].
  [[nodiscard]] torch::Tensor keys() const { return keys_.narrow(2, 0, length_); }
  [[nodiscard]] torch::Tensor values() const { return values_.narrow(2, 0, length_); }

 private:
  std::int64_t longest_;
  std::int64_t length_ = 0;
  torch::Tensor keys_, values_;  ///< [B, heads, longest, D], in the type of the first that came
};

}  // namespace millrace::trainer
