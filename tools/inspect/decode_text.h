// Samples of token ids as text: the model's input, the original, and the corruption of each
// position.
//
// Works for any stream with an input field of token ids, which are shown as numbers where the
// stream has no vocabulary; marks need a target field too. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "proto/batch.h"
#include "proto/meta.h"

namespace millrace::tools {

/// The corruption of a position.
enum class Mark : std::uint8_t {
  kNone,
  kMasked,    ///< replaced by [MASK]
  kReplaced,  ///< replaced by another token
  kKept,      ///< selected but unchanged; known only if targets are at selected positions only
};

struct Decoded {
  std::vector<std::string> input;  ///< by position, as the model sees it
  /// By position, as far as input and target tell; the next tokens, if predicts_next.
  std::vector<std::string> original;
  std::vector<Mark> marks;
  /// Whether the targets are the next tokens and nothing is corrupted: a stream without mask, time
  /// and sentinel.
  bool predicts_next = false;
  bool are_ids = false;  ///< tokens are numbers, because the stream has no vocabulary

  /// Tokens as one text; ids with spaces between them.
  [[nodiscard]] std::string joined(const std::vector<std::string>& tokens) const;
};

/// Throws std::runtime_error for a stream whose samples decode() cannot show: without an input
/// field of token ids.
void check_shown(const proto::StreamMeta& meta);

/// Decodes row `row` of a batch. Throws as check_shown.
[[nodiscard]] Decoded decode(const proto::StreamMeta& meta, const proto::Batch& batch,
                             std::uint32_t row);

/// The stage of a row; 0 if the stream has no stage field.
[[nodiscard]] std::uint32_t stage_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                                     std::uint32_t row);

/// The time of a row as text: 0.36, or a step such as 4; empty if the stream has no time field.
[[nodiscard]] std::string time_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                                  std::uint32_t row);

/// The stage's name by its number in the split.
[[nodiscard]] std::string stage_name(const proto::StreamMeta& meta, proto::Split split,
                                     std::uint32_t stage);

/// The positions that have this mark.
[[nodiscard]] std::vector<std::size_t> positions(const Decoded& sample, Mark mark);

/// Prints the sample as lines of input, marks and original. With `colours` (ANSI), marks are
/// colours of the input instead of a line.
void print(std::ostream& out, const Decoded& sample, bool colours);

/// One line that explains the marks of print().
[[nodiscard]] std::string legend(bool colours);

}  // namespace millrace::tools
