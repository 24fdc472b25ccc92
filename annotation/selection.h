// The selection rules of the cascade: which tokens of a chunk are in stage 1, and which in stage 2.
//
// A chunk has the length of stage 3; each token has a score. A rule orders the tokens: stage 2 is
// the first stage2_length picks, stage 1 the first stage1_length of them, both in text order. The
// order is found once, when documents are annotated; select() gives stages of any length from it
// without sorting.
//
//   constituency
//     Scores are labels: last of a run of proper nouns 1, its others 2, nouns 3, verbs that are not
//     stop words 4, adjectives 5, adverbs 6, all other words 7. Lower labels first, then by
//     position; each token id is picked once.
//   keybert_no_stopword
//     Scores are similarities of words to the document. Stop words are in [-1.1, -1], unscored
//     words at -1.2, full stops at 1.1. Higher scores first, then by position; each token id is
//     picked once, except those with scores above 1. Keys are the picks with scores from -1 up;
//     stage 1 takes keys alone.
//
// Both rules are those of JunhaoZhu0220/cascaded-dllm. Pure; any thread, but one for each Picker.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::annotation {

enum class Selection : std::uint8_t { kConstituency, kKeybertNoStopword };
[[nodiscard]] std::string_view to_string(Selection selection);
[[nodiscard]] std::optional<Selection> selection_from(std::string_view name);

/// Positions in a chunk have 16 bits.
inline constexpr std::uint32_t kMaxChunkLength = 65535;

/// Labels of `constituency`.
inline constexpr float kLastProperNoun = 1;
inline constexpr float kOtherProperNoun = 2;
inline constexpr float kNounLabel = 3;
inline constexpr float kVerbLabel = 4;
inline constexpr float kAdjectiveLabel = 5;
inline constexpr float kAdverbLabel = 6;
inline constexpr float kRestLabel = 7;
/// Scores of `keybert_no_stopword` that are not similarities.
inline constexpr float kFullStopScore = 1.1F;
inline constexpr float kUnscored = -1.2F;

/// The largest lengths of the stages of a chunk.
struct Capacity {
  std::uint16_t keys = 0;   ///< of stage 1
  std::uint16_t picks = 0;  ///< of stage 2
  bool operator==(const Capacity&) const = default;
};

/// Whether a chunk fills stages of these lengths.
[[nodiscard]] constexpr bool fills(const Capacity& capacity, std::uint32_t stage1_length,
                                   std::uint32_t stage2_length) {
  return capacity.keys >= stage1_length && capacity.picks >= stage2_length;
}

/// Orders the tokens of chunks by a rule.
class Picker {
 public:
  Picker(Selection selection, std::uint32_t vocab_size);

  /// Writes every position of the chunk to `order`: first the picks in order, then the others in
  /// text order. All spans have the chunk's length; token ids must be below vocab_size.
  Capacity pick(std::span<const std::uint32_t> tokens, std::span<const float> scores,
                std::span<std::uint16_t> order);

 private:
  void sort(std::span<const float> scores);
  [[nodiscard]] bool is_new(std::uint32_t token);

  Selection selection_;
  std::vector<std::uint32_t> seen_in_;  ///< by token id: the chunk it was last picked in
  std::uint32_t chunk_ = 0;
  std::vector<std::uint16_t> sorted_;
};

/// Writes the first `count` positions of `order` to `positions` (of size `count`), ascending. It
/// marks positions rather than sort them. Throws std::out_of_range for a position outside the chunk
/// or one that occurs twice, and for a `count` above the chunk's length.
template <class Position>
void select(std::span<const Position> order, std::size_t count, std::span<std::uint16_t> positions);

}  // namespace millrace::annotation
