// Ids, splits and line starts of a text in memory.
#include "datasets/characters/memory_text.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/index/splits.h"
#include "datasets/io/utf8.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

using proto::Split;

std::u32string decode(std::string_view text, const std::string& place) {
  std::u32string characters;
  characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::optional<Decoded> decoded = decode_utf8(text, at);
    if (!decoded) throw std::runtime_error(place + ": " + invalid_utf8_message(at));
    characters.push_back(decoded->code_point);
    at += decoded->bytes;
  }
  return characters;
}

class MemoryText final : public TokenTextOf<MemoryText> {
 public:
  MemoryText(std::string_view text, const std::string& place, Shares shares)
      : hash_(proto::hex16(proto::xxh64(text))) {
    if (text.empty()) {
      throw std::runtime_error(place + ": the text is empty; name another with --data.path=FILE");
    }
    const std::u32string characters = decode(text, place);
    set_ids(characters);
    cuts_ = cut_anywhere(characters.size(), shares);
    find_lines(characters);
  }

  [[nodiscard]] const Vocabulary& vocabulary() const override { return vocabulary_; }
  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] std::uint64_t length(Split split) const override {
    return cuts_.last(split) - cuts_.first(split);
  }
  [[nodiscard]] std::uint64_t lines(Split split) const override {
    return lines_[static_cast<std::size_t>(split)].size();
  }
  [[nodiscard]] std::uint64_t line_start(Split split, std::uint64_t line) const override {
    return lines_[static_cast<std::size_t>(split)][line];
  }

 private:
  friend TokenTextOf<MemoryText>;

  template <class Token>
  void copy(Split split, std::uint64_t first, std::span<Token> out) const {
    const auto from = ids_.begin() + static_cast<std::ptrdiff_t>(cuts_.first(split) + first);
    std::transform(from, from + static_cast<std::ptrdiff_t>(out.size()), out.begin(),
                   [](auto id) { return static_cast<Token>(id); });
  }

  void set_ids(const std::u32string& characters) {
    std::u32string alphabet = characters;
    std::ranges::sort(alphabet);
    alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
    for (const char32_t c : alphabet) vocabulary_.tokens.push_back(encode_utf8(c));
    vocabulary_.size = static_cast<std::uint32_t>(alphabet.size());
    std::vector<std::uint32_t> id_of(alphabet.back() + 1);
    for (std::uint32_t id = 0; id < alphabet.size(); ++id) id_of[alphabet[id]] = id;
    ids_.reserve(characters.size());
    for (const char32_t c : characters) ids_.push_back(id_of[c]);
  }

  void find_lines(const std::u32string& text) {
    for (const Split split : proto::kSplits) {
      for (std::uint64_t p = cuts_.first(split); p < cuts_.last(split); ++p) {
        if (text[p] != '\n' && (p == 0 || text[p - 1] == '\n')) {
          lines_[static_cast<std::size_t>(split)].push_back(p - cuts_.first(split));
        }
      }
    }
  }

  std::string hash_;
  Vocabulary vocabulary_;
  std::vector<std::uint32_t> ids_;
  Cuts cuts_;
  std::array<std::vector<std::uint64_t>, proto::kSplitCount> lines_;  ///< starts, in the split
};

}  // namespace

std::shared_ptr<const TokenText> make_memory_text(std::string_view text, const std::string& place,
                                                  Shares shares) {
  return std::make_shared<MemoryText>(text, place, shares);
}

}  // namespace millrace::datasets
