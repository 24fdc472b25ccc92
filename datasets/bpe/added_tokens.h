// Finds a tokenizer's added tokens in a text, as the Python package `tokenizers` does: always the
// first one, and of several that start at the same place the longest. Tokens that are not
// `normalized` are found in the whole text first, the others in the pieces between them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

class AddedTokens {
 public:
  /// The tokens must outlive this.
  explicit AddedTokens(std::span<const AddedToken> tokens);

  /// Calls token(id) for each added token and piece(text) for each text between them, in order. No
  /// piece is empty.
  void split(std::string_view text, Specials specials,
             const std::function<void(std::uint32_t)>& token,
             const std::function<void(std::string_view)>& piece) const;

 private:
  /// Tokens that are searched for together, by their first byte, longest first.
  using Set = std::array<std::vector<const AddedToken*>, 256>;

  /// The longest token with which `text` starts, or nullptr.
  [[nodiscard]] static const AddedToken* starting_at(const Set& set, std::string_view text);
  static void split(const Set& set, std::string_view text, Specials specials,
                    const std::function<void(std::uint32_t)>& token,
                    const std::function<void(std::string_view)>& piece);

  Set first_;   ///< not normalized
  Set second_;  ///< normalized
  bool has_first_ = false;
  bool has_second_ = false;
};

}  // namespace millrace::datasets
