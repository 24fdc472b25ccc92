// Finds a tokenizer's added tokens in a text, as the Python package does: the longest of those that
// start first, those that are not `normalized` in the whole text before the others in what they
// leave.
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

  /// Calls token(id) and piece(text) for what the text consists of, in its order; no piece is
  /// empty.
  void split(std::string_view text, Specials specials,
             const std::function<void(std::uint32_t)>& token,
             const std::function<void(std::string_view)>& piece) const;

 private:
  /// Tokens that are looked for together, by their first byte, longest first.
  using Set = std::array<std::vector<const AddedToken*>, 256>;

  [[nodiscard]] static const AddedToken* starting_at(const Set& set, std::string_view text);
  static void split(const Set& set, std::string_view text, Specials specials,
                    const std::function<void(std::uint32_t)>& token,
                    const std::function<void(std::string_view)>& piece);

  Set first_;
  Set second_;
  bool has_first_ = false;
  bool has_second_ = false;
};

}  // namespace millrace::datasets
