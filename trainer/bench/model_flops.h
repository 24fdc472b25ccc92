// How many operations a training step needs, however it is computed: what a rate in FLOP/s is told
// of (PaLM, arXiv 2204.02311, appendix B). Free of LibTorch.
//
//     6·N + 12·n_layer·E·L  a token;  N = 12·E²·n_layer + V·E
//
// N counts the parameters that every token is multiplied with: a block's matrices (3, 1, 4 and 4
// times E²) and the head. Tables of embeddings are looked up, and what is computed once a sample
// (adaLN, the time's embedding) is left out. 6: a multiplication and an addition forward, twice as
// many backward. The second term is attention's, of all pairs of positions, also where a model is
// causal; and the head counts at every position, whether or not an objective needs it there: what
// is saved shows as speed.
#pragma once

#include <cstdint>

#include "config/options.h"

namespace millrace::trainer {

/// Of one token, forward and backward; `length`: the tokens of a sequence.
[[nodiscard]] inline double model_flops_per_token(const config::ModelOptions& model,
                                                  std::uint32_t vocab_size, std::int64_t length) {
  const double layers = model.n_layer, width = model.n_embd;
  const double multiplied = 12 * width * width * layers + vocab_size * width;
  return 6 * multiplied + 12 * layers * width * static_cast<double>(length);
}

}  // namespace millrace::trainer
