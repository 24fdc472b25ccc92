// The chain rule, drawn from left to right: x_{i+1} from softmax(f(x_1 … x_i)), with temperature,
// top-k and top-p. The network reads each token once, where it can read on (model.h). Test:
// tests/trainer/sampling/sample_in_order_test.cc.
#include "trainer/sampling/sample_autoregressive.h"

#include <stdexcept>

#include "trainer/objectives/logits.h"

namespace millrace::trainer {
namespace {

/// How many tokens are given, the same in each sample.
std::int64_t given_length(const torch::Tensor& fixed) {
  const std::int64_t given = fixed.select(0, 0).sum().item<std::int64_t>();
  if (given == 0 || !fixed.narrow(1, 0, given).all().item<bool>() ||
      fixed.sum().item<std::int64_t>() != given * fixed.size(0)) {
    throw std::invalid_argument(
        "an autoregressive sampler goes on from a start, and can fill in nothing before a fixed "
        "token");
  }
  return given;
}

class AutoregressiveSampler : public Sampler {
 public:
  explicit AutoregressiveSampler(const LogitsFilter& filter) : filter_(filter) {}

 private:
  Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{draft.tokens.clone()};
    const std::int64_t given = given_length(draft.fixed);
    const auto reader = network.decoder(x.tokens.size(1));
    auto unread = x.tokens.narrow(1, 0, given);
    on_step({0, unread});
    for (std::int64_t i = given; i < x.tokens.size(1); ++i) {
      const auto hidden = reader->read(unread).select(1, -1);
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

}  // namespace

std::unique_ptr<Sampler> make_autoregressive_sampler(const LogitsFilter& filter) {
  return std::make_unique<AutoregressiveSampler>(filter);
}

}  // namespace millrace::trainer
