// Iterative editing (editing.cc has its formulas). A text begins as `--length` tokens of filler.
// Every round inserts and deletes tokens, judged by the network's probabilities of the text after
// the round before; turns some tokens into filler again; and redraws all tokens that are not given
// from the network's predictions for the text as it is now. A masked language model defines no
// distribution of texts; that of these texts is the procedure's.
//
// Texts have lengths of their own. Texts of one length go to the network together, so it never sees
// padding. Every random number belongs to one text, and a round uses the same number of them
// whatever the length. Test: tests/trainer/sampling/sample_by_editing_test.cc.
#include "trainer/sampling/sample_by_editing.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "config/stream_keys.h"
#include "trainer/models/models.h"
#include "trainer/objectives/logits.h"
#include "trainer/sampling/editing_flags.h"

namespace millrace::trainer {
namespace {

using Rows = std::vector<std::size_t>;

struct Draft {
  EditedText text;
  TokenProbs probs;  ///< of the text after the last round
};

/// The random numbers of one round, by use, for all texts.
class RoundRandoms {
 public:
  enum Use { kGapTies, kTokenTies, kNoise, kFiller, kTokens, kUses };

  RoundRandoms(SampleRng& rng, std::int64_t longest)
      : places_(longest + 1),
        numbers_(rng.uniform(kUses * places_, torch::kCPU).view({rng.samples(), kUses, places_})) {}

  /// The numbers of one text, in [0, 1): one for each gap, so one for each token too.
  [[nodiscard]] std::span<const double> of(std::size_t row, Use use) const {
    const auto place = (static_cast<std::int64_t>(row) * kUses + use) * places_;
    return {numbers_.const_data_ptr<double>() + place, static_cast<std::size_t>(places_)};
  }

 private:
  std::int64_t places_;
  torch::Tensor numbers_;
};

std::vector<Draft> drafts_of(const SamplerInput& input) {
  const auto tokens = input.tokens.cpu().contiguous();
  const auto fixed = input.fixed.cpu().contiguous();
  const auto length = tokens.size(1);
  std::vector<Draft> drafts;
  for (std::int64_t row = 0; row < tokens.size(0); ++row) {
    const auto* const first = tokens.const_data_ptr<std::int64_t>() + row * length;
    const auto* const given = fixed.const_data_ptr<bool>() + row * length;
    drafts.push_back(
        {EditedText({first, first + length}, std::vector<bool>(given, given + length)), {}});
  }
  return drafts;
}

std::map<std::size_t, Rows> by_length(const std::vector<Draft>& drafts) {
  std::map<std::size_t, Rows> rows;
  for (std::size_t row = 0; row < drafts.size(); ++row)
    rows[drafts[row].text.size()].push_back(row);
  return rows;
}

/// i64 [1, l].
torch::Tensor tokens_of(const EditedText& text) {
  return torch::tensor(text.tokens(), torch::kInt64).unsqueeze(0);
}

/// Texts of one length: i64 [n, l].
torch::Tensor stacked(const std::vector<Draft>& drafts, const Rows& rows) {
  std::vector<torch::Tensor> all;
  for (const std::size_t row : rows) all.push_back(tokens_of(drafts[row].text));
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
  Filler filler;
  std::int64_t longest;
  std::uint64_t rounds;
  LogitsFilter filter;
};

/// A batch of texts while they are written.
class Writing {
 public:
  Writing(const Settings& settings, Network& network, const SamplerInput& input)
      : settings_(settings),
        network_(network),
        device_(input.tokens.device()),
        drafts_(drafts_of(input)) {}

  /// All tokens that are not given become filler.
  void begin(SampleRng& rng) {
    const RoundRandoms randoms(rng, settings_.longest);
    for (std::size_t row = 0; row < drafts_.size(); ++row) remask(row, 1.0, randoms);
    if (!settings_.plan.edits()) return;
    for (const auto& [length, rows] : by_length(drafts_)) note_probs(rows, logits_of(rows));
  }

  void do_round(std::uint64_t round, SampleRng& rng) {
    const RoundRandoms randoms(rng, settings_.longest);
    const double noise =
        share_at(settings_.plan.noise, settings_.plan.noise_schedule, round, settings_.rounds);
    for (std::size_t row = 0; row < drafts_.size(); ++row) {
      if (settings_.plan.edits()) edit(row, round, randoms);
      remask(row, noise, randoms);
    }
    for (const auto& [length, rows] : by_length(drafts_)) {
      const auto logits = logits_of(rows);
      redraw(rows, logits, randoms);
      if (settings_.plan.edits()) note_probs(rows, logits);
    }
  }

  void show(std::uint64_t step, const StepCallback& on_step) const {
    for (std::size_t row = 0; row < drafts_.size(); ++row) {
      on_step({step, tokens_of(drafts_[row].text), static_cast<std::int64_t>(row)});
    }
  }

  /// The texts as rows, with 0 after the end of a shorter one.
  [[nodiscard]] Sampled result() const {
    const auto longest = static_cast<std::int64_t>(by_length(drafts_).rbegin()->first);
    const auto rows = static_cast<std::int64_t>(drafts_.size());
    Sampled all{torch::zeros({rows, longest}, torch::kInt64), torch::empty({rows}, torch::kInt64),
                calls_};
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto text = tokens_of(drafts_[static_cast<std::size_t>(row)].text);
      all.lengths[row] = text.size(1);
      all.tokens.narrow(0, row, 1).narrow(1, 0, text.size(1)).copy_(text);
    }
    all.tokens = all.tokens.to(device_);
    return all;
  }

 private:
  void edit(std::size_t row, std::uint64_t round, const RoundRandoms& randoms) {
    auto& [text, probs] = drafts_[row];
    const EditRound now{round, settings_.rounds, static_cast<std::size_t>(settings_.longest),
                        randoms.of(row, RoundRandoms::kGapTies),
                        randoms.of(row, RoundRandoms::kTokenTies)};
    text.apply(choose_edits(text, probs, settings_.plan, now), filler(row, randoms));
  }

  /// Each token that is not given becomes filler with this probability.
  void remask(std::size_t row, double share, const RoundRandoms& randoms) {
    EditedText& text = drafts_[row].text;
    const auto u = randoms.of(row, RoundRandoms::kNoise);
    const auto tokens = filler(row, randoms);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!text.given(i) && u[i] < share) text.write(i, tokens[i]);
    }
  }

  /// A token of filler for each place of the text.
  [[nodiscard]] std::vector<std::int64_t> filler(std::size_t row,
                                                 const RoundRandoms& randoms) const {
    const auto& [vocab_size, mask, random] = settings_.filler;
    if (mask && !random) {
      return std::vector<std::int64_t>(static_cast<std::size_t>(settings_.longest) + 1, *mask);
    }
    const auto states = static_cast<double>(vocab_size - (mask ? 1 : 0));
    std::vector<std::int64_t> tokens;
    for (const double u : randoms.of(row, RoundRandoms::kFiller)) {
      const auto token = static_cast<std::int64_t>(u * states);
      tokens.push_back(mask && token >= *mask ? token + 1 : token);
    }
    return tokens;
  }

  /// For n texts of l tokens: [n·l, V].
  [[nodiscard]] torch::Tensor logits_of(const Rows& rows) {
    ++calls_;
    const auto logits =
        at_least_f32(network_.forward({stacked(drafts_, rows).to(device_)})).flatten(0, 1);
    return settings_.filler.mask ? without_mask(logits, *settings_.filler.mask) : logits;
  }

  void redraw(const Rows& rows, const torch::Tensor& logits, const RoundRandoms& randoms) {
    const std::size_t length = drafts_[rows.front()].text.size();
    std::vector<double> u;
    for (const std::size_t row : rows) {
      std::ranges::copy(randoms.of(row, RoundRandoms::kTokens).first(length),
                        std::back_inserter(u));
    }
    const auto p = probabilities_of(logits, settings_.filter);
    const auto drawn = draw(p, torch::tensor(u, torch::kFloat64).to(device_)).cpu();
    const auto* next = drawn.const_data_ptr<std::int64_t>();
    for (const std::size_t row : rows) {
      for (std::size_t i = 0; i < length; ++i, ++next) {
        if (!drafts_[row].text.given(i)) {
          drafts_[row].text.write(i, *next);
        }
      }
    }
  }

  /// Notes the network's own probabilities of the texts, whatever the temperature.
  void note_probs(const Rows& rows, const torch::Tensor& logits) {
    const auto tokens = stacked(drafts_, rows);
    const auto p = at::softmax(logits.to(torch::kFloat64), 1);
    const auto of = [&](const torch::Tensor& wanted) {
      return p.gather(1, wanted.reshape({-1, 1}).to(device_)).view(tokens.sizes()).cpu();
    };
    const auto own = of(tokens), next = of(tokens.roll(-1, 1));
    next.select(1, -1).zero_();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      drafts_[rows[k]].probs = {numbers_of(own, k), numbers_of(next, k)};
    }
  }

  const Settings& settings_;
  Network& network_;
  torch::Device device_;
  std::vector<Draft> drafts_;
  std::uint64_t calls_ = 0;
};

class EditingSampler : public Sampler {
 public:
  explicit EditingSampler(const Settings& settings) : settings_(settings) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Writing writing(settings_, network, input);
    writing.begin(rng);
    writing.show(0, on_step);
    for (std::uint64_t round = 0; round < settings_.rounds; ++round) {
      writing.do_round(round, rng);
      writing.show(round + 1, on_step);
    }
    return writing.result();
  }

  Settings settings_;
};

/// The tokens that training showed where a text was not known.
Filler filler_of(const SamplerRequest& request) {
  const bool never_masked =
      config::replacement_counts(request.options) && request.options.provider.mask_weight == 0.0;
  return {request.meta.vocab_size, request.meta.mask_token_id, never_masked};
}

std::unique_ptr<Sampler> by_editing(const SamplerRequest& request) {
  return make_editing_sampler(request.settings_as<EditPlan>(), filler_of(request),
                              longest_sequence(request.meta), request.steps, request.filter);
}

}  // namespace

SamplerEntry editing_entry() {
  return {.name = "editing",
          .predictions = {Prediction::kMaskedToken},
          .make = by_editing,
          .changes_length = true,
          .flags = edit_flags(),
          .read_flags = [](const config::Arguments& flags) -> std::any {
            return read_edit_plan(flags);
          }};
}

std::unique_ptr<Sampler> make_editing_sampler(const EditPlan& plan, const Filler& filler,
                                              std::int64_t longest, std::uint64_t rounds,
                                              const LogitsFilter& filter) {
  return std::make_unique<EditingSampler>(Settings{plan, filler, longest, rounds, filter});
}

}  // namespace millrace::trainer
