// The sampler of masked language models that writes in rounds of editing: `editing`. Its texts grow
// and shrink while they are written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "trainer/sampling/editing.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry editing_entry();

/// The tokens that stand for "not written yet".
struct Filler {
  std::int64_t vocab_size = 0;
  std::optional<std::int64_t> mask;  ///< the state that no text has
  /// Random tokens other than the mask, all equally likely, in place of the mask. Without a mask
  /// the filler is always random.
  bool random = false;
};

/// `longest`: the tokens of the network's longest text; no input is longer.
[[nodiscard]] std::unique_ptr<Sampler> make_editing_sampler(const EditPlan& plan,
                                                            const Filler& filler,
                                                            std::int64_t longest,
                                                            std::uint64_t rounds,
                                                            const LogitsFilter& filter);

}  // namespace millrace::trainer
