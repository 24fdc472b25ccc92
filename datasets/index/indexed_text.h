// A text and its index, both mapped. Every dataset is read through an IndexedText, whatever the
// format of its files; so a FilesRead (mapped_file.h) notices where either is written meanwhile.
//
// Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "datasets/index/index_format.h"
#include "datasets/io/mapped_file.h"

namespace millrace::datasets {

class IndexedText {
 public:
  /// Opens an index. `text`: the mapped text, if the index does not contain it. `source`: what the
  /// index must have been made of. Returns null for an index that was made of something else, is of
  /// another version, cut short or damaged; `why` then says which.
  [[nodiscard]] static std::shared_ptr<const IndexedText> open(
      std::unique_ptr<const MappedFile> index, std::unique_ptr<const MappedFile> text,
      std::string_view source, std::string& why);

  [[nodiscard]] const IndexHeader& header() const { return header_; }
  /// The text; in an index of tokens, their ids, little-endian.
  [[nodiscard]] std::string_view text() const {
    (mapped_text_ != nullptr ? *mapped_text_ : *index_).note_read();
    return text_;
  }
  [[nodiscard]] std::uint64_t characters() const { return header_.units; }
  /// Whether every character has one byte.
  [[nodiscard]] bool is_ascii() const { return header_.units == header_.text_bytes; }
  /// The characters that occur, by code point.
  [[nodiscard]] std::span<const CharacterCount> alphabet() const {
    return section<CharacterCount>(header_.characters);
  }
  /// The first character (or token) of each line or document, ascending.
  [[nodiscard]] std::span<const std::uint64_t> starts() const {
    return section<std::uint64_t>(header_.starts);
  }
  [[nodiscard]] std::span<const DocumentSpan> documents() const {
    return section<DocumentSpan>(header_.documents);
  }

  /// Byte offset of a character ≤ characters(). Reads at most kCheckpointCharacters characters.
  [[nodiscard]] std::uint64_t byte_of(std::uint64_t character) const;
  /// The inverse: number of characters that begin before `byte`.
  [[nodiscard]] std::uint64_t character_of(std::uint64_t byte) const;

 private:
  IndexedText(std::unique_ptr<const MappedFile> index, std::unique_ptr<const MappedFile> text,
              const IndexHeader& header);

  template <class T>
  [[nodiscard]] std::span<const T> section(Section place) const {
    index_->note_read();
    return {reinterpret_cast<const T*>(index_->bytes().data() + place.first_byte),
            place.bytes / sizeof(T)};
  }
  [[nodiscard]] std::span<const std::uint64_t> checkpoints() const {
    return section<std::uint64_t>(header_.checkpoints);
  }

  std::unique_ptr<const MappedFile> index_;
  std::unique_ptr<const MappedFile> mapped_text_;
  IndexHeader header_;
  std::string_view text_;
};

/// Throws std::runtime_error "PLACE: its index is damaged; …", which says what to do.
[[noreturn]] void refuse_damaged_index(const std::string& place);

}  // namespace millrace::datasets
