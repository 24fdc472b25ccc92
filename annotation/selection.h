// Which tokens of a chunk belong to stage 1, which to stage 2: the selection rules of the cascade.
//
// A chunk has stage-3 length; each token has a score. A rule puts the tokens in an order in which
// they are picked; stage 2 is the first stage-2-length picks, stage 1 the first stage-1-length of
// them, both put back into text order. So the picks are found once, when documents are annotated,
// and any two lengths can be had from them later without sorting (select()).
//
//   constituency          a score is a label: last of a run of proper nouns 1, its others 2, nouns 3, verbs that are not stop words
//                         4, adjectives 5, adverbs 6, the rest 7. Lower first, ties by position; a token id is picked once.
//   keybert_no_stopword   a score is the word's likeness to the document; stop words lie in [-1.1, -1], words that were not scored
//                         at -1.2, a full stop at 1.1. Higher first, ties by position; a token id is picked once, save for those
//                         above 1. Keys are the picks from -1 up; stage 1 needs enough of them.
//
// Both as in JunhaoZhu0220/cascaded-dllm. Pure; any thread, a Picker in one.
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

/// Positions of a chunk, and so its length, are 16 bits.
inline constexpr std::uint32_t kMaxChunkLength = 65535;

/// The labels of `constituency`.
inline constexpr float kLastProperNoun = 1;
inline constexpr float kOtherProperNoun = 2;
inline constexpr float kNounLabel = 3;
inline constexpr float kVerbLabel = 4;
inline constexpr float kAdjectiveLabel = 5;
inline constexpr float kAdverbLabel = 6;
inline constexpr float kRestLabel = 7;
/// Scores of `keybert_no_stopword` that are no likeness.
inline constexpr float kFullStopScore = 1.1F;
inline constexpr float kUnscored = -1.2F;

/// What can be made of a chunk.
struct Capacity {
  std::uint16_t keys = 0;   ///< picks that stage 1 may take
  std::uint16_t picks = 0;  ///< picks in all
  bool operator==(const Capacity&) const = default;
};

/// Whether a chunk fills stages of these lengths.
[[nodiscard]] constexpr bool fills(const Capacity& capacity, std::uint32_t stage1_length,
                                   std::uint32_t stage2_length) {
  return capacity.keys >= stage1_length && capacity.picks >= stage2_length;
}

class Picker {
 public:
  Picker(Selection selection, std::uint32_t vocab_size);

  /// Writes every position of the chunk into `order`: first the picks in their order, then the
  /// others in text order. All three have the chunk's length; token ids are below vocab_size.
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

/// Puts the first `count` of `order` back into text order: writes the picked positions, ascending,
/// into `positions` (count long). Sorts nothing: marks positions and walks over them. Throws
/// std::out_of_range for a position beyond the chunk.
template <class Position>
void select(std::span<const Position> order, std::size_t count, std::span<std::uint16_t> positions);

}  // namespace millrace::annotation
