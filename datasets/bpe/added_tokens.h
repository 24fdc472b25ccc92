// Finds a tokenizer's added tokens in a text, as the Python package `tokenizers` does: always the
// first one, and of several that start at the same place the longest. Tokens that are not
// `normalized` are found in the whole text first. The pieces between them are brought into the
// tokenizer's normal form, and the other tokens, in that form too, are found in those.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/bpe/normalization.h"

namespace millrace::datasets {

class AddedTokens {
 public:
  /// `normal_forms`: what normalize() does to the text between the tokens that are not
  /// `normalized`. Both must outlive this.
  AddedTokens(std::span<const AddedToken> tokens, const std::vector<NormalForm>& normal_forms);

  /// Calls token(id) for each added token and piece(text) for each text between them, in order. No
  /// piece is empty; a piece is part of `text`, or of its normal form, which lives until piece()
  /// returns.
  void split(std::string_view text, Specials specials,
             const std::function<void(std::uint32_t)>& token,
             const std::function<void(std::string_view)>& piece) const;

 private:
  struct Found {
    std::string content;  ///< what is searched for
    const AddedToken* token;
  };
  /// Tokens that are searched for together, by their first byte, longest first.
  using Set = std::array<std::vector<Found>, 256>;

  /// The longest token with which `text` starts, or nullptr.
  [[nodiscard]] static const Found* starting_at(const Set& set, std::string_view text);
  static void split(const Set& set, std::string_view text, Specials specials,
                    const std::function<void(std::uint32_t)>& token,
                    const std::function<void(std::string_view)>& piece);

  const std::vector<NormalForm>& normal_forms_;
  Set first_;   ///< not normalized
  Set second_;  ///< normalized
  bool has_first_ = false;
  bool has_second_ = false;
};

}  // namespace millrace::datasets
