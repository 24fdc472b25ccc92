// Samples of token ids as text for people: what the model sees, what stood there, and how each
// position was corrupted.
//
// Works on any stream with a vocabulary, an input field and, for the marks, a target field. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "proto/batch.h"
#include "proto/meta.h"

namespace millrace::tools {

/// What was done to a position: nothing; [MASK] in its place; another token in its place; selected,
/// but left as it was (known only where the stream has targets at selected positions alone).
enum class Mark : std::uint8_t { kNone, kMasked, kReplaced, kKept };

struct Decoded {
  std::vector<std::string> input;  ///< by position, as the model sees it
  /// By position, as far as input and target tell; the next tokens, where those are targets.
  std::vector<std::string> original;
  std::vector<Mark> marks;
  /// Nothing is corrupted, and the targets are the next tokens: a stream without mask, time,
  /// sentinel.
  bool predicts_next = false;
};

/// Row `row` of a batch of the stream. Throws std::runtime_error for a stream without vocabulary or
/// input.
[[nodiscard]] Decoded decode(const proto::StreamMeta& meta, const proto::Batch& batch,
                             std::uint32_t row);

/// The stage of a row; 0 for a stream without such a field.
[[nodiscard]] std::uint32_t stage_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                                     std::uint32_t row);

/// The time of a row, as text: 0.36, or a step such as 4; empty for a stream without such a field.
[[nodiscard]] std::string time_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                                  std::uint32_t row);

/// The stage's name by its number in the split.
[[nodiscard]] std::string stage_name(const proto::StreamMeta& meta, proto::Split split,
                                     std::uint32_t stage);

/// The positions that have this mark.
[[nodiscard]] std::vector<std::size_t> positions(const Decoded& sample, Mark mark);

/// Writes the sample in lines: the input, below it the marks, below them the original. With colours
/// (ANSI) the marks are in the input's colours instead of a line of their own.
void print(std::ostream& out, const Decoded& sample, bool colours);

/// One line that explains what print() writes.
[[nodiscard]] std::string legend(bool colours);

}  // namespace millrace::tools
