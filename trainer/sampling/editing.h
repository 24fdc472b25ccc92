// The decisions of iterative editing, without a network: how many tokens a round inserts, deletes
// and turns into noise, and where. editing.cc has the formulas. Free of LibTorch.
//
// A text of n tokens has tokens 0 … n − 1 and gaps 0 … n; gap g lies before token g.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::trainer {

/// A share that changes from `start` in the first round to `end` in the last one.
struct Ramp {
  double start = 0.0;
  double end = 0.0;
};
enum class Curve { kLinear, kCosine };

/// The ramp's value in `round` of 0 … rounds − 1.
[[nodiscard]] double share_at(const Ramp& ramp, Curve curve, std::uint64_t round,
                              std::uint64_t rounds);

struct EditPlan {
  Ramp insert_ratio, delete_ratio;  ///< shares of the tokens that are not given
  Ramp noise;                       ///< the probability that such a token becomes noise
  Curve edit_schedule = Curve::kCosine;
  Curve noise_schedule = Curve::kCosine;
  double delete_margin = 0.02;
  double delete_lambda = 0.30;
  std::uint64_t cooldown_distance = 5;  ///< tokens
  /// Insertions and deletions lead back to the initial length.
  bool keeps_length = false;

  /// Whether a text's length may change at all.
  [[nodiscard]] bool edits() const;
};

/// The edits of one round.
struct Edits {
  std::vector<std::size_t> deleted;   ///< tokens, ascending
  std::vector<std::size_t> inserted;  ///< gaps, ascending; each gets one token
};

/// A text that grows and shrinks around its given tokens. Given tokens that follow each other are
/// never separated; a run of them at an end of the text stays at that end.
class EditedText {
 public:
  /// A token that is not given may have any value.
  EditedText(std::vector<std::int64_t> tokens, const std::vector<bool>& given);

  [[nodiscard]] const std::vector<std::int64_t>& tokens() const { return tokens_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t initial_size() const { return initial_size_; }
  [[nodiscard]] bool given(std::size_t token) const { return runs_[token] != kNone; }
  /// The number of tokens that are not given.
  [[nodiscard]] std::size_t editable() const;

  /// Whether a token may be inserted in the gap.
  [[nodiscard]] bool can_insert(std::size_t gap) const;
  /// Whether fewer than `distance` tokens lie between the gap and one of the last insertions.
  [[nodiscard]] bool gap_cools_down(std::size_t gap, std::uint64_t distance) const;
  /// Whether fewer than `distance` tokens lie between the token and one of the last deletions.
  [[nodiscard]] bool token_cools_down(std::size_t token, std::uint64_t distance) const;

  /// Replaces a token that is not given.
  void write(std::size_t token, std::int64_t value) { tokens_[token] = value; }
  /// Deletes and inserts. An inserted token is the element of `filler` at its place in the new
  /// text.
  void apply(const Edits& edits, std::span<const std::int64_t> filler);

 private:
  static constexpr std::uint32_t kNone = 0;

  std::vector<std::int64_t> tokens_;
  /// For each token the number, from 1, of its run of given tokens; kNone: it is not given.
  std::vector<std::uint32_t> runs_;
  std::uint32_t front_, back_;  ///< the runs that belong to the ends of the text
  std::size_t initial_size_;
  std::vector<std::size_t> inserted_;  ///< tokens that the last edits inserted
  std::vector<std::size_t> deleted_;   ///< gaps where the last edits deleted
};

/// A network's probabilities of the tokens x of a text.
struct TokenProbs {
  std::vector<double> own;   ///< p_i(x_i): each token in its place
  std::vector<double> next;  ///< p_i(x_{i+1}): the token after it in its place; 0 for the last
};

/// A score for each gap: the greater 1 − p of its two neighbours.
[[nodiscard]] std::vector<double> insertion_scores(const TokenProbs& probs);
/// A score for each token: what the text gains if the tokens after it move up.
[[nodiscard]] std::vector<double> deletion_scores(const TokenProbs& probs, double margin,
                                                  double lambda);

/// The places of the `count` highest scores, or of as many as are allowed, ascending. Of equal
/// scores the one with the lower tie wins.
[[nodiscard]] std::vector<std::size_t> highest(std::span<const double> scores,
                                               const std::vector<bool>& allowed,
                                               std::span<const double> ties, std::size_t count);

struct EditRound {
  std::uint64_t number = 0;  ///< of 0 … rounds − 1
  std::uint64_t rounds = 1;
  /// Tokens. No text grows beyond this, nor shrinks below one token.
  std::size_t longest = 0;
  std::span<const double> gap_ties;    ///< one for each gap, or more
  std::span<const double> token_ties;  ///< one for each token, or more
};
[[nodiscard]] Edits choose_edits(const EditedText& text, const TokenProbs& probs,
                                 const EditPlan& plan, const EditRound& round);

}  // namespace millrace::trainer
