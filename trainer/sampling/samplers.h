// The table of contents of all samplers.
#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/sampling/editing.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

struct SamplerChoice {
  std::string name;  ///< empty: the objective's first
  std::uint64_t steps = 0;
  LogitsFilter filter{};
  EditPlan editing{};  ///< of the sampler editing
};

/// A sampler that goes with train.objective and the stream; where the stream has a prefix, drafts
/// begin with it. Throws UsageError for a name that does not, listing those that do; for steps that
/// it cannot make; and for a truncation where it draws from no probabilities of tokens.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const SamplerChoice& choice,
                                                    const config::Options& options,
                                                    const proto::StreamMeta& meta);

}  // namespace millrace::trainer
