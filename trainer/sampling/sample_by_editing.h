// Sampling with a masked language model by rounds of editing: texts that grow and shrink while they
// are written.
#pragma once

#include <memory>
#include <optional>

#include "trainer/sampling/editing.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

/// What stands where nothing is written yet.
struct Filling {
  std::int64_t vocab_size = 0;
  std::optional<std::int64_t> mask;  ///< the state that no text has
  /// Any token, each as likely, in place of the mask; so it is where there is none.
  bool random = false;
};

/// `longest`: tokens of the network's longest text; no draft is longer.
[[nodiscard]] std::unique_ptr<Sampler> make_editing_sampler(const EditPlan& plan,
                                                            const Filling& filling,
                                                            std::int64_t longest,
                                                            std::uint64_t rounds,
                                                            const LogitsFilter& filter);

}  // namespace millrace::trainer
