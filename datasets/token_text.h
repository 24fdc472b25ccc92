// TokenText, the interface of a dataset: the tokens of each split, by position. Providers cut
// windows out of it. Implementations map large data, so private memory does not grow with a corpus.
//
// Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proto/types.h"

namespace millrace::datasets {

/// The fractions of a dataset that are val and test; they lie at its end, in this order.
struct Shares {
  double val = 0.1;
  double test = 0.0;
};

/// The token ids of a dataset, 0 … size − 1, and their texts. Ids that a provider adds ([MASK]) are
/// not in it.
struct Vocabulary {
  std::uint32_t size = 0;
  std::vector<std::string> tokens;  ///< by id, UTF-8; empty where only ids are known
  /// Whether `tokens` write every byte as a printable character, as byte-level BPE does.
  bool byte_level = false;
  bool operator==(const Vocabulary&) const = default;
};

/// The tokens of a dataset.
class TokenText {
 public:
  virtual ~TokenText() = default;

  [[nodiscard]] virtual const Vocabulary& vocabulary() const = 0;
  /// xxh64 of everything that decides a token, 16 hex digits. For a plain text whose vocabulary is
  /// its own characters: xxh64 of its bytes.
  [[nodiscard]] virtual const std::string& hash() const = 0;

  /// Number of tokens in the split; 0 for a split that the dataset lacks.
  [[nodiscard]] virtual std::uint64_t length(proto::Split split) const = 0;

  /// Number of lines in the split that are not empty; of datasets made of records: of documents.
  [[nodiscard]] virtual std::uint64_t lines(proto::Split split) const = 0;
  /// Position in the split at which a line (or document) begins; ascending.
  [[nodiscard]] virtual std::uint64_t line_start(proto::Split split, std::uint64_t line) const = 0;

  /// Copies tokens [first, first + out.size()) of the split, which must exist, to `out`. The type
  /// must be wide enough for every id.
  virtual void read(proto::Split split, std::uint64_t first, std::span<std::uint8_t> out) const = 0;
  virtual void read(proto::Split split, std::uint64_t first,
                    std::span<std::uint16_t> out) const = 0;
  virtual void read(proto::Split split, std::uint64_t first,
                    std::span<std::uint32_t> out) const = 0;
};

/// Base class that implements the three read() by a function template of the derived class, Text:
///
///     template <class Token>
///     void copy(proto::Split split, std::uint64_t first, std::span<Token> out) const
template <class Text>
class TokenTextOf : public TokenText {
 public:
  void read(proto::Split split, std::uint64_t first, std::span<std::uint8_t> out) const final {
    text().copy(split, first, out);
  }
  void read(proto::Split split, std::uint64_t first, std::span<std::uint16_t> out) const final {
    text().copy(split, first, out);
  }
  void read(proto::Split split, std::uint64_t first, std::span<std::uint32_t> out) const final {
    text().copy(split, first, out);
  }

 private:
  [[nodiscard]] const Text& text() const { return static_cast<const Text&>(*this); }
};

}  // namespace millrace::datasets
