// Iterative unmasking by confidence (Mask-Predict, arXiv 1904.09324; MaskGIT, arXiv 2202.04200).
// Every step draws a token for each mask and keeps those that the network gives the highest
// probability, whatever temperature, top-k and top-p they were drawn with, of equal ones the lower
// position: as many as leave floor(n·(1 − k/steps)) of the n masks of the beginning. A step that
// would keep none does not call the network. A masked language model defines no distribution of
// texts; that of these texts is the procedure's. Test:
// tests/trainer/sampling/sample_in_order_test.cc.
#include "trainer/sampling/sample_by_confidence.h"

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

class ConfidenceSampler : public Sampler {
 public:
  ConfidenceSampler(std::int64_t mask, std::uint64_t steps, const LogitsFilter& filter)
      : mask_(mask), steps_(static_cast<std::int64_t>(steps)), filter_(filter) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{torch::where(input.fixed, input.tokens, mask_)};
    on_step({0, x.tokens});
    const auto initial = x.tokens.eq(mask_).sum(1);
    for (std::int64_t k = 1; k <= steps_; ++k) {
      const auto u = rng.uniform(x.tokens.size(1), x.tokens.device());
      const auto masked = x.tokens.eq(mask_);
      const auto kept = masked.sum(1) - (initial * (steps_ - k)).div(steps_, "floor");
      if (kept.max().item<std::int64_t>() > 0) unmask_surest(network, x, masked, kept, u);
      on_step({static_cast<std::uint64_t>(k), x.tokens});
    }
    return x;
  }

  /// Unmasks kept [B] of the positions `masked`, bool [B, L], by u [B, L].
  void unmask_surest(Network& network, Sampled& x, const torch::Tensor& masked,
                     const torch::Tensor& kept, const torch::Tensor& u) const {
    const Positions positions(masked);
    const auto logits = without_mask(
        at_least_f32(network.project(positions.gather(network.encode({x.tokens})))), mask_);
    const auto drawn = draw(probabilities_of(logits, filter_), positions.gather(u));
    // The network's own: at temperature 0 or top-k 1 every token was drawn with probability 1.
    const auto p = at::softmax(logits.to(torch::kFloat64), 1);
    const auto confidence = torch::full_like(u, -1.0).masked_scatter(
        masked, p.gather(1, drawn.unsqueeze(1)).squeeze(1));
    const auto order = std::get<1>(confidence.sort(true, 1, true));  // stable, descending
    const auto rank = torch::empty_like(order).scatter(
        1, order, torch::arange(order.size(1), order.options()).expand_as(order));
    x.tokens =
        torch::where(rank.lt(kept.unsqueeze(1)), x.tokens.masked_scatter(masked, drawn), x.tokens);
    ++x.network_calls;
  }

  std::int64_t mask_;
  std::int64_t steps_;
  LogitsFilter filter_;
};

std::unique_ptr<Sampler> by_confidence(const SamplerRequest& request) {
  return make_confidence_sampler(request.mask(), request.steps, request.filter);
}

}  // namespace

SamplerEntry confidence_entry() {
  return {.name = "confidence",
          .predictions = {Prediction::kMaskedToken},
          .make = by_confidence,
          .needs_mask = true};
}

std::unique_ptr<Sampler> make_confidence_sampler(std::int64_t mask, std::uint64_t steps,
                                                 const LogitsFilter& filter) {
  return std::make_unique<ConfidenceSampler>(mask, steps, filter);
}

}  // namespace millrace::trainer
