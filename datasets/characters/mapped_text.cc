// Reading characters out of a mapped text.
#include "datasets/characters/mapped_text.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/characters/ascii_ids.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

using proto::Split;

class MappedText final : public TokenTextOf<MappedText> {
 public:
  MappedText(std::shared_ptr<const IndexedText> text,
             std::shared_ptr<const CharacterVocabulary> vocabulary, Cuts cuts, std::string hash,
             std::string place)
      : text_(std::move(text)),
        vocabulary_(std::move(vocabulary)),
        cuts_(cuts),
        hash_(std::move(hash)),
        place_(std::move(place)) {
    for (std::size_t c = 0; c < kAsciiCharacters; ++c) {
      const std::uint32_t id = id_of(c);
      ids_.known[c] = id != CharacterVocabulary::kNoId;
      ids_.narrow[c] = static_cast<std::uint8_t>(id);
      ids_.middle[c] = static_cast<std::uint16_t>(id);
      ids_.wide[c] = id;
    }
    if (cuts_.val > cuts_.test || cuts_.test > cuts_.end || cuts_.end != text_->characters()) {
      damaged();
    }
    for (const Split split : proto::kSplits) {
      lines_[static_cast<std::size_t>(split)] = lines_of(split);
    }
  }

  [[nodiscard]] const Vocabulary& vocabulary() const override { return vocabulary_->vocabulary(); }
  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] std::uint64_t length(Split split) const override {
    return cuts_.last(split) - cuts_.first(split);
  }
  [[nodiscard]] std::uint64_t lines(Split split) const override { return part(split).count; }
  [[nodiscard]] std::uint64_t line_start(Split split, std::uint64_t line) const override {
    return text_->starts()[part(split).first + line] - cuts_.first(split);
  }

 private:
  friend TokenTextOf<MappedText>;

  /// The lines of a split.
  struct Lines {
    std::uint64_t first = 0;  ///< number of the first among all lines of the text
    std::uint64_t count = 0;
  };

  [[nodiscard]] const Lines& part(Split split) const {
    return lines_[static_cast<std::size_t>(split)];
  }

  [[nodiscard]] Lines lines_of(Split split) const {
    const auto starts = text_->starts();
    const auto first = std::ranges::lower_bound(starts, cuts_.first(split));
    const auto last = std::ranges::lower_bound(starts, cuts_.last(split));
    if (last < first) damaged();
    return {static_cast<std::uint64_t>(first - starts.begin()),
            static_cast<std::uint64_t>(last - first)};
  }

  [[nodiscard]] std::uint32_t id_of(std::uint64_t code_point) const {
    const std::uint32_t id = vocabulary_->id_of(code_point);
    return id == CharacterVocabulary::kNoId ? vocabulary_->unknown() : id;
  }

  [[noreturn]] void damaged() const {
    throw std::runtime_error(place_ +
                             ": the text is not what its index says: it was changed while it was "
                             "in use, or the index is " +
                             "damaged; remove the index (" + std::string(kIndexSuffix) +
                             ") and start again");
  }

  template <class Token>
  void copy(Split split, std::uint64_t first, std::span<Token> out) const {
    if (first > length(split) || out.size() > length(split) - first) damaged();
    const std::uint64_t character = cuts_.first(split) + first;
    if (text_->is_ascii()) {
      if (!to_tokens(text_->text().substr(character, out.size()), ids_, out)) damaged();
    } else {
      copy_utf8(text_->byte_of(character), out);
    }
  }

  template <class Token>
  void copy_utf8(std::uint64_t at, std::span<Token> out) const {
    const std::string_view text = text_->text();
    for (Token& token : out) {
      if (at >= text.size()) damaged();
      const auto byte = static_cast<std::uint8_t>(text[at]);
      if (byte < kAsciiCharacters) {
        if (!ids_.known[byte]) damaged();
        token = static_cast<Token>(ids_.wide[byte]);
        ++at;
        continue;
      }
      const auto decoded = decode_utf8(text, at);
      const std::uint32_t id = decoded ? id_of(decoded->code_point) : CharacterVocabulary::kNoId;
      if (id == CharacterVocabulary::kNoId) damaged();
      token = static_cast<Token>(id);
      at += decoded->bytes;
    }
  }

  std::shared_ptr<const IndexedText> text_;
  std::shared_ptr<const CharacterVocabulary> vocabulary_;
  Cuts cuts_;
  std::string hash_;
  std::string place_;
  AsciiIds ids_;
  std::array<Lines, proto::kSplitCount> lines_;
};

}  // namespace

std::shared_ptr<const TokenText> make_mapped_text(
    std::shared_ptr<const IndexedText> text, std::shared_ptr<const CharacterVocabulary> vocabulary,
    Cuts cuts, std::string hash, std::string place) {
  return std::make_shared<MappedText>(std::move(text), std::move(vocabulary), cuts, std::move(hash),
                                      std::move(place));
}

}  // namespace millrace::datasets
