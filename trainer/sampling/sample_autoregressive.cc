// Sampling from left to right by the chain rule: x_{i+1} from softmax(f(x_1 … x_i)). A network with
// a cache computes each token once (Decoder, model.h). Test:
// tests/trainer/sampling/sample_in_order_test.cc.
#include "trainer/sampling/sample_autoregressive.h"

#include <stdexcept>

#include "trainer/objectives/logits.h"

namespace millrace::trainer {
namespace {

/// The number of given tokens, the same in each sample.
std::int64_t given_length(const torch::Tensor& fixed) {
  const std::int64_t given = fixed.select(0, 0).sum().item<std::int64_t>();
  if (given == 0 || !fixed.narrow(1, 0, given).all().item<bool>() ||
      fixed.sum().item<std::int64_t>() != given * fixed.size(0)) {
    throw std::invalid_argument(
        "an autoregressive sampler continues a start, and cannot fill in before a fixed token");
  }
  return given;
}

class AutoregressiveSampler : public Sampler {
 public:
  explicit AutoregressiveSampler(const LogitsFilter& filter) : filter_(filter) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{input.tokens.clone()};
    const std::int64_t given = given_length(input.fixed);
    const auto decoder = network.decoder(x.tokens.size(1));
    auto unread = x.tokens.narrow(1, 0, given);
    on_step({0, unread});
    for (std::int64_t i = given; i < x.tokens.size(1); ++i) {
      const auto hidden = decoder->read(unread).select(1, -1);
      const auto next = probabilities_of(at_least_f32(network.project(hidden)), filter_);
      unread = x.tokens.narrow(1, i, 1);
      unread.copy_(draw(next, rng.uniform(1, next.device()).squeeze(1)).unsqueeze(1));
      ++x.network_calls;
      on_step({x.network_calls, x.tokens.narrow(1, 0, i + 1)});
    }
    return x;
  }

  LogitsFilter filter_;
};

std::unique_ptr<Sampler> autoregressive(const SamplerRequest& request) {
  return make_autoregressive_sampler(request.filter);
}

}  // namespace

SamplerEntry autoregressive_entry() {
  return {.name = "autoregressive",
          .predictions = {Prediction::kNextToken},
          .make = autoregressive,
          .takes_steps = false,
          .left_to_right = true};
}

std::unique_ptr<Sampler> make_autoregressive_sampler(const LogitsFilter& filter) {
  return std::make_unique<AutoregressiveSampler>(filter);
}

}  // namespace millrace::trainer
