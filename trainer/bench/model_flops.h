// The number of operations that a training step needs, however it is computed: the basis of a
// model's FLOP/s (PaLM, arXiv 2204.02311, appendix B). Free of LibTorch.
//
//     6·N + 12·n_layer·E·L  a token;  N = 12·E²·n_layer + V·E
//
// N counts the parameters that every token is multiplied with: the matrices of a block (3, 1, 4 and
// 4 times E²) and the head. It leaves out embedding tables, which are looked up, and what is
// computed once a sample (adaLN, the embedding of time). 6: a multiplication and an addition
// forward, twice as many backward. The second term is that of attention between all pairs of
// positions, even for a causal model; and the head counts at every position, even where an
// objective does not need it: operations that are saved show as speed.
#pragma once

#include <cstdint>

#include "config/options.h"

namespace millrace::trainer {

/// Operations of one token, forward and backward. `length`: tokens of a sequence.
[[nodiscard]] inline double model_flops_per_token(const config::ModelOptions& model,
                                                  std::uint32_t vocab_size, std::int64_t length) {
  const double layers = model.n_layer, width = model.n_embd;
  const double multiplied = 12 * width * width * layers + vocab_size * width;
  return 6 * multiplied + 12 * layers * width * static_cast<double>(length);
}

}  // namespace millrace::trainer
