// Absorbing D3PM (arXiv 2107.03006, section 3 and appendix A.3), β_t = 1/(T − t + 1): the stream's
// sample is x_τ at time τ = t + 1 of 1 … T, each token masked with probability τ/T. With p the
// softmax of the network's logits without the mask's:
//
//     KL  = Σ_{i : x_i = m} −ln p(x_0,i) / τ        KL(q(x_t | x_τ, x_0) ‖ p(x_t | x_τ)) for t ≥ 1
//     CE  = Σ_i −ln p(x_0,i)                        over all positions
//     sum = KL + λ·CE  for t ≥ 1,  CE  for t = 0;  weight = L
//
//     −ln p(x_0) ≤ Σ_{t=1…T−1} E KL_t + E CE_0        (the last term, of x_T from all masks, is 0)
//
// With τ uniform, the mean of the metric `bound` = T·KL for t ≥ 1 and T·CE for t = 0 is the bound.
// A network with a constant cost of c nats per masked token has the bound c·(1 − 1/T) + CE_0.
//
// Test: tests/trainer/objectives/d3pm_absorb_test.cc.
#include "trainer/objectives/d3pm_absorb.h"

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

class D3pmAbsorb : public Objective {
 public:
  explicit D3pmAbsorb(const AbsorbingD3pm& settings) : settings_(settings) {}

  torch::Tensor weight(const DeviceBatch& batch) const override {
    return lengths_of(batch.at(proto::Role::kTarget));
  }

  NetworkInput input(const DeviceBatch& batch) const override {
    return {batch.at(proto::Role::kInput), batch.at(proto::Role::kTime)};
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const auto& x = batch.at(proto::Role::kInput);
    const auto& tau = batch.at(proto::Role::kTime);
    const auto log_odds = without_mask(logits(network, batch), settings_.mask);
    const auto nats =
        at::cross_entropy_loss(log_odds.flatten(0, 1), batch.at(proto::Role::kTarget).flatten(), {},
                               at::Reduction::None)
            .view_as(x);
    const auto divergence = (nats * x.eq(settings_.mask)).sum(1) / tau.to(nats.dtype());
    const auto entropy = nats.sum(1);
    const auto last = tau.eq(1);

    Loss loss{
        torch::where(last, entropy, divergence + settings_.ce_weight * entropy), weight(batch), {}};
    if (!torch::GradMode::is_enabled()) {
      loss.metrics["bound"] =
          torch::where(last, entropy, divergence) * static_cast<double>(settings_.timesteps);
    }
    return loss;
  }

 private:
  AbsorbingD3pm settings_;
};

}  // namespace

std::unique_ptr<Objective> make_d3pm_absorb(const AbsorbingD3pm& settings) {
  return std::make_unique<D3pmAbsorb>(settings);
}

ObjectiveEntry d3pm_absorb_objective() {
  return {.name = "d3pm_absorb",
          .fields = {kInputTokens, kTargetTokens, kTimestep},
          .needs_mask = true,
          .providers = {"d3pm"},
          .prediction = Prediction::kCleanToken,
          .likelihood = Likelihood::kBound,
          .make = [](const config::Options& options, const proto::StreamMeta& meta) {
            return make_d3pm_absorb({.timesteps = options.provider.timesteps,
                                     .mask = meta.mask_token_id.value(),
                                     .ce_weight = options.train.ce_weight});
          }};
}

}  // namespace millrace::trainer
