// Cuts texts into windows and scores these with the objective `ar` (score_texts.h). Test:
// tests/trainer/evaluation/score_texts_test.cc.
#include "trainer/evaluation/score_texts.h"

#include <algorithm>
#include <span>

#include "config/app/stop.h"
#include "trainer/objectives/autoregressive.h"

namespace millrace::trainer {
namespace {

using Texts = std::vector<std::vector<std::int64_t>>;
constexpr std::int64_t kNotScored = -1;  // the target of padding

/// Inputs for the network: tokens first … first + count − 1 of a text, each followed by another.
struct Window {
  std::size_t text = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};

std::vector<Window> cut(const Texts& texts, std::size_t longest) {
  std::vector<Window> windows;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for (std::size_t first = 0; first + 1 < texts[text].size(); first += longest) {
      windows.push_back({text, first, std::min(longest, texts[text].size() - 1 - first)});
    }
  }
  return windows;
}

/// Shorter windows are padded at the end, which a causal network does not see.
DeviceBatch batch_of(const Texts& texts, std::span<const Window> windows, torch::Device device) {
  const auto width = static_cast<std::int64_t>(std::ranges::max(windows, {}, &Window::count).count);
  const auto x = torch::zeros({static_cast<std::int64_t>(windows.size()), width}, torch::kInt64);
  const auto y = torch::full_like(x, kNotScored);
  for (std::size_t row = 0; row < windows.size(); ++row) {
    const auto [text, first, count] = windows[row];
    const std::int64_t* const begin = texts[text].data() + first;
    std::copy_n(begin, count, x[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>());
    std::copy_n(begin + 1, count, y[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>());
  }
  return DeviceBatch()
      .with(proto::Role::kInput, x.to(device))
      .with(proto::Role::kTarget, y.to(device));
}

}  // namespace

std::optional<std::vector<double>> nats_of(Network& network, const Texts& texts,
                                           const ScoringPlan& plan) {
  const auto objective = make_autoregressive(kNotScored);
  const auto windows = cut(texts, static_cast<std::size_t>(plan.longest));
  std::vector<double> nats(texts.size(), 0.0);
  for (std::size_t begin = 0; begin < windows.size(); begin += plan.batch) {
    if (config::stop_requested()) return std::nullopt;
    const auto some =
        std::span(windows).subspan(begin, std::min(plan.batch, windows.size() - begin));
    const auto sums = objective->loss(network, batch_of(texts, some, plan.device))
                          .sum.to(torch::kCPU, torch::kFloat64);
    for (std::size_t row = 0; row < some.size(); ++row) {
      nats[some[row].text] += sums[static_cast<std::int64_t>(row)].item<double>();
    }
  }
  return nats;
}

}  // namespace millrace::trainer
