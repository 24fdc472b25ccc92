// Times and noise of an evaluation, which noises clean windows anew.
//
// A stream gives each val sample one time and one noise. An evaluation wants several draws for each
// window, times that are spread evenly over all draws, and time grids of its own. Its random words
// come from a counter: they depend on (seed, window, draw) alone, not on batches or order. One
// thread.
#pragma once

#include <cstdint>
#include <optional>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct EvalNoise {
  std::int64_t states = 0;           ///< N, with the mask if there is one
  std::optional<std::int64_t> mask;  ///< noised tokens become the mask; unset: any of the N states
  std::uint64_t seed = 0;
  std::uint64_t windows = 1;  ///< of the whole evaluation
  std::uint32_t draws = 1;    ///< of each window

  /// Uniform numbers in [0, 1) of one draw of windows [first, first + count): f64 [count]. The
  /// numbers of all draws are stratified: one in each of windows · draws equal parts, and those of
  /// each window one in each of `draws` equal parts.
  [[nodiscard]] torch::Tensor uniform(std::uint64_t first, std::int64_t count,
                                      std::uint32_t draw) const;

  /// The tokens x0, i64 [B, L], of windows [first, first + B), each noised with probability
  /// `moved`, f64 [B].
  [[nodiscard]] torch::Tensor noised(const torch::Tensor& x0, const torch::Tensor& moved,
                                     std::uint64_t first, std::uint32_t draw) const;
};

}  // namespace millrace::trainer
