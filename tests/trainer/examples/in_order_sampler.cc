// Unmasks one position after the other, from left to right, or from right to left with --backwards.
// Test: tests/trainer/examples/in_order_sampler_test.cc.
#include "tests/trainer/examples/in_order_sampler.h"

#include "trainer/objectives/logits.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {
namespace {

class InOrder : public Sampler {
 public:
  explicit InOrder(const SamplerRequest& request)
      : mask_(request.mask()),
        filter_(request.filter),
        backwards_(request.settings_as<InOrderSettings>().backwards) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled result{torch::where(input.fixed, input.tokens, mask_)};
    on_step({0, result.tokens});
    const std::int64_t length = input.tokens.size(1);
    for (std::int64_t k = 0; k < length; ++k) {
      const std::int64_t i = backwards_ ? length - 1 - k : k;
      const auto hidden = network.encode({result.tokens}).select(1, i);  // [B, E]
      const auto logits = without_mask(at_least_f32(network.project(hidden)), mask_);
      const auto u = rng.uniform(1, logits.device()).squeeze(1);
      const auto tokens = draw(probabilities_of(logits, filter_), u);
      result.tokens.select(1, i).copy_(
          torch::where(input.fixed.select(1, i), input.tokens.select(1, i), tokens));
      on_step({++result.network_calls, result.tokens});
    }
    return result;
  }

  std::int64_t mask_;
  LogitsFilter filter_;
  bool backwards_;
};

std::unique_ptr<Sampler> make(const SamplerRequest& request) {
  return std::make_unique<InOrder>(request);
}

std::any read_flags(const config::Arguments& flags) {
  return InOrderSettings{.backwards = flags.has("backwards")};
}

}  // namespace

SamplerEntry in_order_entry() {
  return {
      .name = "in_order",
      .predictions = {Prediction::kMaskedToken},
      .make = make,
      .needs_mask = true,
      .flags = {{.name = "backwards", .placeholder = "", .help = "in_order: from right to left"}},
      .read_flags = read_flags};
}

}  // namespace millrace::trainer
