// The table of contents of all samplers.
#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/sampler.h"
#include "trainer/truncation.h"

namespace millrace::trainer {

struct SamplerChoice {
  std::string name;  ///< empty: the objective's first
  std::uint64_t steps = 0;
  Truncation truncation;
};

/// A sampler that goes with train.objective and the stream. Throws UsageError for a name that does not, listing those that do; for
/// steps that it cannot make; for a truncation where it draws from no probabilities of tokens; and for a stream with a prefix.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const SamplerChoice& choice, const config::Options& options,
                                                    const proto::StreamMeta& meta);

}  // namespace millrace::trainer
