// The formulas of iterative editing (editing.h), after sample.py and sampling_utils.py of
// JinxCodesAI/nano_gpt; docs/how-to/sampling.md lists the differences. With t = round/(rounds − 1),
// or 0 if there is only one round, a share is
//
//     linear start + (end − start)·t        cosine end + (start − end)·(1 + cos πt)/2
//
// and a round inserts and deletes floor(share · editable tokens) each, at the places with the
// highest scores:
//
//     gap g      max(1 − p_{g−1}(x_{g−1}), 1 − p_g(x_g))
//     token i    max(0, d_i − margin) + λ·max(0, d_{i+1} − margin),  d_i = p_i(x_{i+1}) − p_i(x_i)
//
// A token whose score is 0 is deleted only where the text must become shorter. A text that must
// return to its initial length takes up to kPull more edits a round. Test:
// tests/trainer/sampling/editing_test.cc.
#include "trainer/sampling/editing.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>
#include <utility>

namespace millrace::trainer {
namespace {

constexpr std::size_t kPull = 3;

/// The number of tokens between a gap and a token.
std::size_t tokens_between(std::size_t gap, std::size_t token) {
  return token >= gap ? token - gap : gap - 1 - token;
}

/// How many tokens of the difference a round makes up.
std::size_t pull(std::size_t from, std::size_t to) {
  return from < to ? std::min(kPull, to - from) : 0;
}

std::size_t share_of(double share, std::size_t editable) {
  return static_cast<std::size_t>(share * static_cast<double>(editable));
}

std::vector<std::size_t> choose_deletions(const EditedText& text, const TokenProbs& probs,
                                          const EditPlan& plan, const EditRound& round) {
  const auto scores = deletion_scores(probs, plan.delete_margin, plan.delete_lambda);
  std::vector<bool> allowed(text.size());
  std::size_t gainful = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    allowed[i] = !text.given(i) && !text.token_cools_down(i, plan.cooldown_distance);
    if (allowed[i] && scores[i] > 0.0) ++gainful;
  }
  const std::size_t pulled = plan.keeps_length ? pull(text.initial_size(), text.size()) : 0;
  const double share = share_at(plan.delete_ratio, plan.edit_schedule, round.number, round.rounds);
  const std::size_t wanted =
      std::min(share_of(share, text.editable()) + pulled, std::max(gainful, pulled));
  return highest(scores, allowed, round.token_ties, std::min(wanted, text.size() - 1));
}

std::vector<std::size_t> choose_insertions(const EditedText& text, const TokenProbs& probs,
                                           const EditPlan& plan, const EditRound& round,
                                           std::size_t room) {
  std::vector<bool> allowed(text.size() + 1);
  for (std::size_t gap = 0; gap <= text.size(); ++gap) {
    allowed[gap] = text.can_insert(gap) && !text.gap_cools_down(gap, plan.cooldown_distance);
  }
  const std::size_t pulled = plan.keeps_length ? pull(text.size(), text.initial_size()) : 0;
  const double share = share_at(plan.insert_ratio, plan.edit_schedule, round.number, round.rounds);
  const std::size_t wanted = share_of(share, text.editable()) + pulled;
  return highest(insertion_scores(probs), allowed, round.gap_ties, std::min(wanted, room));
}

}  // namespace

double share_at(const Ramp& ramp, Curve curve, std::uint64_t round, std::uint64_t rounds) {
  const double t = rounds <= 1 ? 0.0 : static_cast<double>(round) / static_cast<double>(rounds - 1);
  if (curve == Curve::kLinear) return ramp.start + (ramp.end - ramp.start) * t;
  return ramp.end + (ramp.start - ramp.end) * 0.5 * (1.0 + std::cos(std::numbers::pi * t));
}

bool EditPlan::edits() const {
  return insert_ratio.start > 0.0 || insert_ratio.end > 0.0 || delete_ratio.start > 0.0 ||
         delete_ratio.end > 0.0;
}

EditedText::EditedText(std::vector<std::int64_t> tokens, const std::vector<bool>& given)
    : tokens_(std::move(tokens)), runs_(tokens_.size()), initial_size_(tokens_.size()) {
  std::uint32_t run = kNone;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] && (i == 0 || !given[i - 1])) ++run;
    runs_[i] = given[i] ? run : kNone;
  }
  front_ = runs_.front();
  back_ = runs_.back();
}

std::size_t EditedText::editable() const {
  return static_cast<std::size_t>(std::ranges::count(runs_, kNone));
}

bool EditedText::can_insert(std::size_t gap) const {
  const std::uint32_t before = gap > 0 ? runs_[gap - 1] : front_;
  return before == kNone || before != (gap < size() ? runs_[gap] : back_);
}

bool EditedText::gap_cools_down(std::size_t gap, std::uint64_t distance) const {
  return std::ranges::any_of(
      inserted_, [&](std::size_t token) { return tokens_between(gap, token) < distance; });
}

bool EditedText::token_cools_down(std::size_t token, std::uint64_t distance) const {
  return std::ranges::any_of(
      deleted_, [&](std::size_t gap) { return tokens_between(gap, token) < distance; });
}

void EditedText::apply(const Edits& edits, std::span<const std::int64_t> filler) {
  const std::vector<std::int64_t> tokens = std::exchange(tokens_, {});
  const std::vector<std::uint32_t> runs = std::exchange(runs_, {});
  inserted_.clear();
  deleted_.clear();
  auto insertion = edits.inserted.begin();
  auto deletion = edits.deleted.begin();
  for (std::size_t i = 0; i <= tokens.size(); ++i) {
    if (insertion != edits.inserted.end() && *insertion == i) {
      ++insertion;
      inserted_.push_back(size());
      tokens_.push_back(filler[size()]);
      runs_.push_back(kNone);
    }
    if (i == tokens.size()) return;
    if (deletion != edits.deleted.end() && *deletion == i) {
      ++deletion;
      deleted_.push_back(size());
    } else {
      tokens_.push_back(tokens[i]);
      runs_.push_back(runs[i]);
    }
  }
}

std::vector<double> insertion_scores(const TokenProbs& probs) {
  std::vector<double> scores(probs.own.size() + 1);
  for (std::size_t i = 0; i < probs.own.size(); ++i) {
    const double unsure = std::max(0.0, 1.0 - probs.own[i]);
    scores[i] = std::max(scores[i], unsure);
    scores[i + 1] = unsure;
  }
  return scores;
}

std::vector<double> deletion_scores(const TokenProbs& probs, double margin, double lambda) {
  std::vector<double> scores(probs.own.size());
  double next = 0.0;
  for (std::size_t i = scores.size(); i-- > 0;) {
    const double here = std::max(0.0, probs.next[i] - probs.own[i] - margin);
    scores[i] = here + lambda * next;
    next = here;
  }
  return scores;
}

std::vector<std::size_t> highest(std::span<const double> scores, const std::vector<bool>& allowed,
                                 std::span<const double> ties, std::size_t count) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (allowed[i]) {
      found.push_back(i);
    }
  }
  std::ranges::sort(found, {}, [&](std::size_t i) { return std::tuple(-scores[i], ties[i], i); });
  found.resize(std::min(count, found.size()));
  std::ranges::sort(found);
  return found;
}

Edits choose_edits(const EditedText& text, const TokenProbs& probs, const EditPlan& plan,
                   const EditRound& round) {
  Edits edits{choose_deletions(text, probs, plan, round), {}};
  edits.inserted = choose_insertions(text, probs, plan, round,
                                     round.longest + edits.deleted.size() - text.size());
  return edits;
}

}  // namespace millrace::trainer
