// Iterative editing (editing.cc): a text begins as `--length` tokens of filling. In every round
// tokens are inserted and deleted, by what the network made of the text in the round before, some
// become filling again, and all that is not given is drawn anew from what the network makes of the
// text now. A masked language model has no distribution of texts, so this one is the procedure's.
//
// Texts have lengths of their own. Those of one length go to the network together, so it never sees
// padding; every random number is a text's own, and a round uses as many of them whatever the
// length. Test: tests/trainer/sampling/sample_by_editing_test.cc.
#include "trainer/sampling/sample_by_editing.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "trainer/objectives/logits.h"

namespace millrace::trainer {
namespace {

using Rows = std::vector<std::size_t>;

struct Page {
  EditedText text;
  TokenProbs probs;
};

/// The random numbers of one round.
class RoundRandoms {
 public:
  enum Use { kGapTies, kTokenTies, kNoise, kFilling, kTokens, kUses };

  RoundRandoms(SampleRng& rng, std::int64_t longest)
      : places_(longest + 1),
        numbers_(rng.uniform(kUses * places_, torch::kCPU).view({rng.samples(), kUses, places_})) {}

  /// One for each gap, so for each token too.
  [[nodiscard]] std::span<const double> of(std::size_t row, Use use) const {
    const auto place = (static_cast<std::int64_t>(row) * kUses + use) * places_;
    return {numbers_.const_data_ptr<double>() + place, static_cast<std::size_t>(places_)};
  }

 private:
  std::int64_t places_;
  torch::Tensor numbers_;
};

std::vector<Page> pages_of(const SamplerInput& draft) {
  const auto tokens = draft.tokens.cpu().contiguous();
  const auto fixed = draft.fixed.cpu().contiguous();
  const auto length = tokens.size(1);
  std::vector<Page> pages;
  for (std::int64_t row = 0; row < tokens.size(0); ++row) {
    const auto* const first = tokens.const_data_ptr<std::int64_t>() + row * length;
    const auto* const given = fixed.const_data_ptr<bool>() + row * length;
    pages.push_back(
        {EditedText({first, first + length}, std::vector<bool>(given, given + length)), {}});
  }
  return pages;
}

std::map<std::size_t, Rows> by_length(const std::vector<Page>& pages) {
  std::map<std::size_t, Rows> found;
  for (std::size_t row = 0; row < pages.size(); ++row) found[pages[row].text.size()].push_back(row);
  return found;
}

/// i64 [1, l]
torch::Tensor tokens_of(const EditedText& text) {
  return torch::tensor(text.tokens(), torch::kInt64).unsqueeze(0);
}

/// Of texts of one length: i64 [n, l].
torch::Tensor stacked(const std::vector<Page>& pages, const Rows& rows) {
  std::vector<torch::Tensor> all;
  for (const std::size_t row : rows) all.push_back(tokens_of(pages[row].text));
  return at::cat(all);
}

/// Row k of f64 [n, l].
std::vector<double> numbers_of(const torch::Tensor& values, std::size_t k) {
  const auto* const first =
      values.const_data_ptr<double>() + static_cast<std::int64_t>(k) * values.size(1);
  return {first, first + values.size(1)};
}

struct Settings {
  EditPlan plan;
  Filling filling;
  std::int64_t longest;
  std::uint64_t rounds;
  LogitsFilter filter;
};

/// A batch of texts while they are written.
class Writing {
 public:
  Writing(const Settings& settings, Network& network, const SamplerInput& draft)
      : settings_(settings),
        network_(network),
        device_(draft.tokens.device()),
        pages_(pages_of(draft)) {}

  /// Nothing is written.
  void begin(SampleRng& rng) {
    const RoundRandoms luck(rng, settings_.longest);
    for (std::size_t row = 0; row < pages_.size(); ++row) remask(row, 1.0, luck);
    if (!settings_.plan.edits()) return;
    for (const auto& [length, rows] : by_length(pages_)) judge(rows, logits_of(rows));
  }

  void go_round(std::uint64_t round, SampleRng& rng) {
    const RoundRandoms luck(rng, settings_.longest);
    const double noise =
        share_at(settings_.plan.noise, settings_.plan.noise_schedule, round, settings_.rounds);
    for (std::size_t row = 0; row < pages_.size(); ++row) {
      if (settings_.plan.edits()) edit(row, round, luck);
      remask(row, noise, luck);
    }
    for (const auto& [length, rows] : by_length(pages_)) {
      const auto logits = logits_of(rows);
      redraw(rows, logits, luck);
      if (settings_.plan.edits()) judge(rows, logits);
    }
  }

  void show(std::uint64_t step, const StepCallback& on_step) const {
    for (std::size_t row = 0; row < pages_.size(); ++row) {
      on_step({step, tokens_of(pages_[row].text), static_cast<std::int64_t>(row)});
    }
  }

  /// Side by side; 0 behind the end of a shorter one.
  [[nodiscard]] Sampled result() const {
    const auto longest = static_cast<std::int64_t>(by_length(pages_).rbegin()->first);
    const auto rows = static_cast<std::int64_t>(pages_.size());
    Sampled all{torch::zeros({rows, longest}, torch::kInt64), torch::empty({rows}, torch::kInt64),
                calls_};
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto text = tokens_of(pages_[static_cast<std::size_t>(row)].text);
      all.lengths[row] = text.size(1);
      all.tokens.narrow(0, row, 1).narrow(1, 0, text.size(1)).copy_(text);
    }
    all.tokens = all.tokens.to(device_);
    return all;
  }

 private:
  void edit(std::size_t row, std::uint64_t round, const RoundRandoms& luck) {
    auto& [text, probs] = pages_[row];
    const EditRound now{round, settings_.rounds, static_cast<std::size_t>(settings_.longest),
                        luck.of(row, RoundRandoms::kGapTies),
                        luck.of(row, RoundRandoms::kTokenTies)};
    text.apply(choose_edits(text, probs, settings_.plan, now), filling(row, luck));
  }

  /// Each token that is not given becomes filling with this probability.
  void remask(std::size_t row, double share, const RoundRandoms& luck) {
    EditedText& text = pages_[row].text;
    const auto when = luck.of(row, RoundRandoms::kNoise);
    const auto what = filling(row, luck);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!text.given(i) && when[i] < share) {
        text.write(i, what[i]);
      }
    }
  }

  /// For each place.
  [[nodiscard]] std::vector<std::int64_t> filling(std::size_t row, const RoundRandoms& luck) const {
    const auto& [vocab_size, mask, random] = settings_.filling;
    if (mask && !random) {
      return std::vector<std::int64_t>(static_cast<std::size_t>(settings_.longest) + 1, *mask);
    }
    const auto states = static_cast<double>(vocab_size - (mask ? 1 : 0));
    std::vector<std::int64_t> tokens;
    for (const double u : luck.of(row, RoundRandoms::kFilling)) {
      const auto token = static_cast<std::int64_t>(u * states);
      tokens.push_back(mask && token >= *mask ? token + 1 : token);
    }
    return tokens;
  }

  /// Of n texts of l tokens: [n·l, V].
  [[nodiscard]] torch::Tensor logits_of(const Rows& rows) {
    ++calls_;
    const auto logits =
        at_least_f32(network_.forward({stacked(pages_, rows).to(device_)})).flatten(0, 1);
    return settings_.filling.mask ? without_mask(logits, *settings_.filling.mask) : logits;
  }

  void redraw(const Rows& rows, const torch::Tensor& logits, const RoundRandoms& luck) {
    const std::size_t length = pages_[rows.front()].text.size();
    std::vector<double> u;
    for (const std::size_t row : rows) {
      std::ranges::copy(luck.of(row, RoundRandoms::kTokens).first(length), std::back_inserter(u));
    }
    const auto p = probabilities_of(logits, settings_.filter);
    const auto found = draw(p, torch::tensor(u, torch::kFloat64).to(device_)).cpu();
    const auto* next = found.const_data_ptr<std::int64_t>();
    for (const std::size_t row : rows) {
      for (std::size_t i = 0; i < length; ++i, ++next) {
        if (!pages_[row].text.given(i)) {
          pages_[row].text.write(i, *next);
        }
      }
    }
  }

  /// By the network's own probabilities, whatever the temperature.
  void judge(const Rows& rows, const torch::Tensor& logits) {
    const auto tokens = stacked(pages_, rows);
    const auto p = at::softmax(logits.to(torch::kFloat64), 1);
    const auto of = [&](const torch::Tensor& wanted) {
      return p.gather(1, wanted.reshape({-1, 1}).to(device_)).view(tokens.sizes()).cpu();
    };
    const auto own = of(tokens), next = of(tokens.roll(-1, 1));
    next.select(1, -1).zero_();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      pages_[rows[k]].probs = {numbers_of(own, k), numbers_of(next, k)};
    }
  }

  const Settings& settings_;
  Network& network_;
  torch::Device device_;
  std::vector<Page> pages_;
  std::uint64_t calls_ = 0;
};

class EditingSampler : public Sampler {
 public:
  explicit EditingSampler(const Settings& settings) : settings_(settings) {}

 private:
  Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                const StepCallback& on_step) const override {
    Writing writing(settings_, network, draft);
    writing.begin(rng);
    writing.show(0, on_step);
    for (std::uint64_t round = 0; round < settings_.rounds; ++round) {
      writing.go_round(round, rng);
      writing.show(round + 1, on_step);
    }
    return writing.result();
  }

  Settings settings_;
};

}  // namespace

std::unique_ptr<Sampler> make_editing_sampler(const EditPlan& plan, const Filling& filling,
                                              std::int64_t longest, std::uint64_t rounds,
                                              const LogitsFilter& filter) {
  return std::make_unique<EditingSampler>(Settings{plan, filling, longest, rounds, filter});
}

}  // namespace millrace::trainer
