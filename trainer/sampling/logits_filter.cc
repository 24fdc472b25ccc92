// Temperature, then top-k, then top-p (logits_filter.h).
#include "trainer/sampling/logits_filter.h"

#include <algorithm>

namespace millrace::trainer {

torch::Tensor probabilities_of(const torch::Tensor& logits, const LogitsFilter& filter) {
  const auto exact = logits.to(torch::kFloat64);
  if (filter.temperature == 0.0) {
    return torch::zeros_like(exact).scatter(1, exact.argmax(1, true), 1.0);
  }
  // Relative to the largest, the quotients cannot become +inf, however low the temperature.
  const auto all = at::softmax((exact - exact.amax(1, true)) / filter.temperature, 1);
  const std::int64_t states = all.size(1);
  const std::int64_t kept = filter.top_k > 0 ? std::min(filter.top_k, states) : states;
  if (kept == states && filter.top_p >= 1.0) return all;

  auto [likeliest, order] = all.sort(true, 1, true);  // stable, descending
  likeliest.narrow(1, kept, states - kept).zero_();
  likeliest = likeliest / likeliest.sum(1, true);
  const auto before = likeliest.cumsum(1) - likeliest;  // the sum of the likelier ones
  likeliest = torch::where(before.lt(filter.top_p), likeliest, torch::zeros_like(likeliest));
  return torch::zeros_like(all).scatter(1, order, likeliest / likeliest.sum(1, true));
}

}  // namespace millrace::trainer
