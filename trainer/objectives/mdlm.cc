// Masked diffusion (MDLM, arXiv 2406.07524, equation 10; MD4, arXiv 2406.04329). At time t each
// token of x_0 has become the mask m with probability 1 − e^(−σ), σ = σ(t). With p the softmax of
// the network's logits at a masked position:
//
//     sum    = σ'(t)/(e^σ − 1) · Σ_{i : x_t,i = m} −ln p(x_0,i)        nats, a bound of −ln p(x_0)
//     weight = L
//
// SUBS parameterisation: the mask's logit is −∞, since no x_0 is masked, and visible tokens are
// copied at no cost. With log-linear noise the factor is 1/t, whatever ε. The loss equals SEDD's on
// the absorbing graph with s = r·p. Only masked positions are projected.
//
// Test: tests/trainer/objectives/mdlm_test.cc.
#include "trainer/objectives/mdlm.h"

#include <utility>

#include "trainer/objectives/continuous_time.h"
#include "trainer/objectives/logits.h"

namespace millrace::trainer {
namespace {

class Mdlm : public ContinuousTimeObjective {
 public:
  Mdlm(std::shared_ptr<const Noise> noise, std::int64_t mask)
      : ContinuousTimeObjective(std::move(noise)), mask_(mask) {}

  torch::Tensor loss_positions(const DeviceBatch& batch) const override {
    return batch.at(proto::Role::kInput).eq(mask_);
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const NetworkInput given = input(batch);
    const Positions masked = positions(batch);

    const auto logits =
        without_mask(at_least_f32(network.project(masked.gather(network.encode(given)))), mask_);
    const auto nats = at::cross_entropy_loss(logits, masked.gather(batch.at(proto::Role::kTarget)),
                                             {}, at::Reduction::None);
    const auto factor = rate(batch) / torch::expm1(given.time);
    return {factor.to(nats.dtype()) * masked.sum_by_sample(nats), weight(batch), {}};
  }

 private:
  std::int64_t mask_;
};

}  // namespace

std::unique_ptr<Objective> make_mdlm(std::shared_ptr<const Noise> noise, std::int64_t mask) {
  return std::make_unique<Mdlm>(std::move(noise), mask);
}

ObjectiveEntry mdlm_objective() {
  return {.name = "mdlm",
          .fields = {kInputTokens, kTargetTokens, kContinuousTime},
          .needs_mask = true,
          .providers = {"masked"},
          .prediction = Prediction::kCleanToken,
          .likelihood = Likelihood::kBound,
          .make = [](const config::Options& options, const proto::StreamMeta& meta) {
            return make_mdlm(make_noise(options.provider), meta.mask_token_id.value());
          }};
}

}  // namespace millrace::trainer
