// The likelihood of texts under a causal network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "trainer/models/model.h"

namespace millrace::trainer {

struct ScoringPlan {
  std::int64_t longest = 0;  ///< tokens of the network's longest input
  std::size_t batch = 1;     ///< windows in a network call
  torch::Device device = torch::kCPU;
};

/// The NLL of each text's tokens after its first, in nats, by the loss of the objective `ar`; 0 for
/// a text without such tokens. A text of more than longest + 1 tokens is cut into windows that
/// overlap by one token, so each token is scored once, given the tokens before it in its window.
/// Call it with gradients off. Empty: asked to stop.
[[nodiscard]] std::optional<std::vector<double>> nats_of(
    Network& network, const std::vector<std::vector<std::int64_t>>& texts, const ScoringPlan& plan);

}  // namespace millrace::trainer
