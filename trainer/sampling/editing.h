// Iterative editing without its network: how much a round inserts, deletes and makes noise of, and
// where. Free of LibTorch.
//
// Places of a text of n tokens: token i of 0 … n − 1, and gap g of 0 … n, which lies before token
// g.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::trainer {

/// A share that goes from `start` in the first round to `end` in the last.
struct Ramp {
  double start = 0.0;
  double end = 0.0;
};
enum class Curve { kLinear, kCosine };

/// `round` of 0 … rounds − 1.
[[nodiscard]] double share_at(const Ramp& ramp, Curve curve, std::uint64_t round,
                              std::uint64_t rounds);

struct EditPlan {
  Ramp insert_ratio, delete_ratio;  ///< of the tokens that are not given
  Ramp noise;                       ///< the probability of each of them
  Curve edit_schedule = Curve::kCosine;
  Curve noise_schedule = Curve::kCosine;
  double delete_margin = 0.02;
  double delete_lambda = 0.30;
  std::uint64_t cooldown_distance = 5;
  /// Insertions and deletions lead back to the length that the text began with.
  bool keeps_length = false;

  /// Whether a text's length may change.
  [[nodiscard]] bool edits() const;
};

struct Edits {
  std::vector<std::size_t> deleted;   ///< tokens, ascending
  std::vector<std::size_t> inserted;  ///< gaps, ascending; each a token
};

/// A text that grows and shrinks around what is given. Given tokens that follow each other stay
/// together, and at the border of the text where they were there.
class EditedText {
 public:
  /// Where nothing is given the token does not matter.
  EditedText(std::vector<std::int64_t> tokens, const std::vector<bool>& given);

  [[nodiscard]] const std::vector<std::int64_t>& tokens() const { return tokens_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t first_size() const { return first_size_; }
  [[nodiscard]] bool given(std::size_t token) const { return runs_[token] != kNone; }
  /// How many tokens are not given.
  [[nodiscard]] std::size_t editable() const;

  /// Whether a token may be inserted there.
  [[nodiscard]] bool open(std::size_t gap) const;
  /// Whether fewer than `distance` tokens lie between the gap and one that was inserted last.
  [[nodiscard]] bool gap_rests(std::size_t gap, std::uint64_t distance) const;
  /// Whether fewer than `distance` tokens lie between the token and a place where one was deleted
  /// last.
  [[nodiscard]] bool token_rests(std::size_t token, std::uint64_t distance) const;

  /// A token that is not given.
  void write(std::size_t token, std::int64_t value) { tokens_[token] = value; }
  /// What is inserted becomes `filling` at its place in the text that comes out.
  void apply(const Edits& edits, std::span<const std::int64_t> filling);

 private:
  static constexpr std::uint32_t kNone = 0;

  std::vector<std::int64_t> tokens_;
  std::vector<std::uint32_t> runs_;  ///< of each token the number of its run of given ones, from 1
  std::uint32_t front_, back_;       ///< the runs that the borders belong to
  std::size_t first_size_;
  std::vector<std::size_t> inserted_;  ///< tokens that the last edits brought
  std::vector<std::size_t> deleted_;   ///< gaps that they left
};

/// What a network makes of the tokens x of a text.
struct TokenProbs {
  std::vector<double> own;   ///< p_i(x_i): of each token where it stands
  std::vector<double> next;  ///< p_i(x_{i+1}): of the one behind it in its place; the last is 0
};

/// For each gap the greater 1 − p of its neighbours.
[[nodiscard]] std::vector<double> insertion_scores(const TokenProbs& probs);
/// For each token what the text gains if the rest moves up.
[[nodiscard]] std::vector<double> deletion_scores(const TokenProbs& probs, double margin,
                                                  double lambda);

/// The `count` highest scores, or as many as are allowed, ascending; of equal ones the lower tie.
[[nodiscard]] std::vector<std::size_t> highest(std::span<const double> scores,
                                               const std::vector<bool>& allowed,
                                               std::span<const double> ties, std::size_t count);

struct EditRound {
  std::uint64_t number = 0;
  std::uint64_t rounds = 1;
  /// Tokens; no text grows beyond, nor shrinks below one token.
  std::size_t longest = 0;
  std::span<const double> gap_ties;    ///< at least one for each gap
  std::span<const double> token_ties;  ///< and for each token
};
[[nodiscard]] Edits choose_edits(const EditedText& text, const TokenProbs& probs,
                                 const EditPlan& plan, const EditRound& round);

}  // namespace millrace::trainer
