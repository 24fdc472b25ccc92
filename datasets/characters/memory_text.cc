// Characters by number, splits, line starts, all in memory.
#include "datasets/characters/memory_text.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/io/fixed_point.h"
#include "datasets/io/utf8.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

using proto::Split;

[[noreturn]] void refuse_encoding(const std::string& place, std::size_t at) {
  throw std::runtime_error(place + ": not valid UTF-8 at byte offset " + std::to_string(at) +
                           "; convert it, e.g. with iconv -f ISO-8859-1 -t UTF-8");
}

std::u32string decode(std::string_view text, const std::string& place) {
  std::u32string characters;
  characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::optional<Decoded> decoded = decode_utf8(text, at);
    if (!decoded) refuse_encoding(place, at);
    characters.push_back(decoded->code_point);
    at += decoded->bytes;
  }
  return characters;
}

class MemoryText final : public TokenText {
 public:
  MemoryText(std::string_view text, const std::string& place, Shares shares)
      : hash_(proto::hex16(proto::xxh64(text))) {
    if (text.empty()) {
      throw std::runtime_error(place + ": the text is empty; name another with --data.path=FILE");
    }
    const std::u32string characters = decode(text, place);
    number(characters);
    cut(characters, shares);
  }

  [[nodiscard]] const Vocabulary& vocabulary() const override { return vocabulary_; }
  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] std::uint64_t length(Split split) const override {
    return part(split).last - part(split).first;
  }
  [[nodiscard]] std::uint64_t lines(Split split) const override {
    return part(split).line_starts.size();
  }
  [[nodiscard]] std::uint64_t line_start(Split split, std::uint64_t line) const override {
    return part(split).line_starts[line];
  }

  void read(Split split, std::uint64_t first, std::span<std::uint8_t> out) const override {
    copy(split, first, out);
  }
  void read(Split split, std::uint64_t first, std::span<std::uint16_t> out) const override {
    copy(split, first, out);
  }
  void read(Split split, std::uint64_t first, std::span<std::uint32_t> out) const override {
    copy(split, first, out);
  }

 private:
  struct Part {
    std::size_t first = 0;  ///< of the whole text
    std::size_t last = 0;
    std::vector<std::uint64_t> line_starts;  ///< from `first` on
  };

  [[nodiscard]] const Part& part(Split split) const {
    return parts_[static_cast<std::size_t>(split)];
  }

  template <class Token>
  void copy(Split split, std::uint64_t first, std::span<Token> out) const {
    const auto from = ids_.begin() + static_cast<std::ptrdiff_t>(part(split).first + first);
    std::transform(from, from + static_cast<std::ptrdiff_t>(out.size()), out.begin(),
                   [](auto id) { return static_cast<Token>(id); });
  }

  void number(const std::u32string& characters) {
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

  void cut(const std::u32string& text, Shares shares) {
    const std::size_t val =
        text.size() * (kNano - in_nano(shares.val) - in_nano(shares.test)) / kNano;
    const std::size_t test = text.size() * (kNano - in_nano(shares.test)) / kNano;
    parts_ = {Part{0, val, {}}, Part{val, test, {}}, Part{test, text.size(), {}}};
    for (Part& part : parts_) {
      for (std::size_t p = part.first; p < part.last; ++p) {
        if (text[p] != '\n' && (p == 0 || text[p - 1] == '\n')) {
          part.line_starts.push_back(p - part.first);
        }
      }
    }
  }

  std::string hash_;
  Vocabulary vocabulary_;
  std::vector<std::uint32_t> ids_;
  std::array<Part, proto::kSplitCount> parts_;
};

}  // namespace

std::shared_ptr<const TokenText> make_memory_text(std::string_view text, const std::string& place,
                                                  Shares shares) {
  return std::make_shared<MemoryText>(text, place, shares);
}

}  // namespace millrace::datasets
