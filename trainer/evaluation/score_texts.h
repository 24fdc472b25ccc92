// How likely texts are to a causal network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "trainer/models/model.h"

namespace millrace::trainer {

struct ScoringPlan {
  std::int64_t longest = 0;  ///< tokens that the network reads at once
  std::size_t batch = 1;     ///< windows that it reads side by side
  torch::Device device = torch::kCPU;
};

/// −ln p of the tokens of each text after its first one, in nats, as the objective `ar` has it: 0
/// of a text without any. A text of more than longest + 1 tokens is cut into windows that overlap
/// by one token, so that each is scored once, by what its window has before it. The caller sees to
/// it that no gradient is recorded. Empty: asked to stop.
[[nodiscard]] std::optional<std::vector<double>> nats_of(
    Network& network, const std::vector<std::vector<std::int64_t>>& texts, const ScoringPlan& plan);

}  // namespace millrace::trainer
