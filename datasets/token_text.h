// A dataset as the tokens of its splits: what windows are cut out of. Everything behind it is
// mapped or small: the private memory of a process must not grow with a corpus.
//
// Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proto/types.h"

namespace millrace::datasets {

/// What the ids below `size` stand for. The ids that a provider adds ([MASK]) are not in it.
struct Vocabulary {
  std::uint32_t size = 0;
  std::vector<std::string> tokens;  ///< by id, UTF-8; empty where only ids are known
  /// `tokens` spell every byte as a printable character, as byte-level BPE does.
  bool byte_level = false;
  bool operator==(const Vocabulary&) const = default;
};

class TokenText {
 public:
  virtual ~TokenText() = default;

  [[nodiscard]] virtual const Vocabulary& vocabulary() const = 0;
  /// xxh64 of everything that decides an id, 16 hex digits; of one plain text with its own
  /// characters: of its bytes.
  [[nodiscard]] virtual const std::string& hash() const = 0;

  /// Tokens of the split; 0 for one that the dataset lacks.
  [[nodiscard]] virtual std::uint64_t length(proto::Split split) const = 0;

  /// Where lines begin that are not empty, by number, ascending: positions in the split. Of a text
  /// of documents: their beginnings.
  [[nodiscard]] virtual std::uint64_t lines(proto::Split split) const = 0;
  [[nodiscard]] virtual std::uint64_t line_start(proto::Split split, std::uint64_t line) const = 0;

  /// Writes tokens [first, first + out.size()) of the split; all must be there. The type must hold
  /// every id.
  virtual void read(proto::Split split, std::uint64_t first, std::span<std::uint8_t> out) const = 0;
  virtual void read(proto::Split split, std::uint64_t first,
                    std::span<std::uint16_t> out) const = 0;
  virtual void read(proto::Split split, std::uint64_t first,
                    std::span<std::uint32_t> out) const = 0;
};

}  // namespace millrace::datasets
