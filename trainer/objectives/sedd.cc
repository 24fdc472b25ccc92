// SEDD on the graph of the stream (sedd.h); sedd_absorb.cc and sedd_uniform.cc have the equations.
//
// Test: tests/trainer/objectives/objectives_test.cc.
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {

ObjectiveEntry sedd_objective() {
  const auto make = [](const config::Options& options, const proto::StreamMeta& meta) {
    const auto noise = make_noise(options.provider);
    return meta.mask_token_id ? make_sedd(AbsorbingSedd{noise, meta.vocab_size, *meta.mask_token_id,
                                                        options.train.scale_by_sigma})
                              : make_sedd(UniformSedd{noise, meta.vocab_size});
  };
  return {.name = "sedd",
          .fields = {kInputTokens, kTargetTokens, kContinuousTime},
          .providers = {"sedd"},
          .prediction = Prediction::kScore,
          .likelihood = Likelihood::kBound,
          .make = make};
}

}  // namespace millrace::trainer
