// Noise for evaluations: clean windows, noised anew to times of the evaluation's choosing.
//
// A stream gives each val sample one time and one noise. An evaluation wants several for each
// window, times that are spread evenly over all of its draws, and grids of a number of steps of its
// own. Its words are those of a counter: they depend on (seed, window, draw) alone, not on batches
// or order. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct EvalNoise {
  std::int64_t states = 0;           ///< N, the mask among them where there is one
  std::optional<std::int64_t> mask;  ///< what every token becomes in the end; unset: any of the N
  std::uint64_t seed = 0;
  std::uint64_t windows = 1;  ///< of the whole evaluation
  std::uint32_t draws = 1;    ///< of each window

  /// Uniform on [0, 1), for draw k of windows [first, first + count): f64 [count]. All windows ·
  /// draws of them are stratified: one lies in each of as many equal parts, and each window has one
  /// in each of `draws` equal parts.
  [[nodiscard]] torch::Tensor uniform(std::uint64_t first, std::int64_t count,
                                      std::uint32_t draw) const;

  /// x0 i64 [B, L], windows [first, first + B), each token moved with probability `moved` f64 [B].
  [[nodiscard]] torch::Tensor noised(const torch::Tensor& x0, const torch::Tensor& moved,
                                     std::uint64_t first, std::uint32_t draw) const;
};

}  // namespace millrace::trainer
