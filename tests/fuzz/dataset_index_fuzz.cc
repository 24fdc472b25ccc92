// The index of a dataset, as another process may have left it: it is refused, or all of it can be
// read.
#include <cstring>
#include <optional>

#include "datasets/characters/character_vocabulary.h"
#include "datasets/characters/mapped_text.h"
#include "datasets/index/indexed_text.h"
#include "proto/digest.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

using datasets::IndexedText;
using datasets::IndexHeader;

constexpr std::string_view kSource = "fuzz\n";

/// The index with the right checksums.
std::string with_checksums(std::string index) {
  IndexHeader header;
  if (index.size() < sizeof header) return index;
  std::memcpy(&header, index.data(), sizeof header);
  header.file_bytes = index.size();
  proto::Digest digest;
  for (const auto& each :
       {header.source, header.characters, header.starts, header.documents, header.checkpoints}) {
    if (each.first_byte > index.size() || each.bytes > index.size() - each.first_byte) return index;
    digest.update(
        std::as_bytes(std::span(std::string_view(index).substr(each.first_byte, each.bytes))));
  }
  header.sections_hash = digest.value();
  header.header_hash = proto::xxh64(
      std::string_view(reinterpret_cast<const char*>(&header), offsetof(IndexHeader, header_hash)));
  std::memcpy(index.data(), &header, sizeof header);
  return index;
}

void read_all(const std::shared_ptr<const IndexedText>& text) {
  for (const std::uint64_t at : {std::uint64_t{0}, text->characters() / 2, text->characters()}) {
    require(text->byte_of(at) <= text->text().size() || text->is_ascii(),
            "a character lies in the text");
    (void)text->character_of(at);
  }
  std::vector<std::span<const datasets::CharacterCount>> alphabets{text->alphabet()};
  const auto vocabulary =
      std::make_shared<const datasets::CharacterVocabulary>(datasets::vocabulary_of(alphabets));
  const std::uint64_t end = text->characters();
  const auto mapped =
      datasets::make_mapped_text(text, vocabulary, {end / 2, end, end}, "", "input");
  for (const proto::Split split : proto::kSplits) {
    for (std::uint64_t line = 0; line < mapped->lines(split); ++line) {
      (void)mapped->line_start(split, line);
    }
    std::vector<std::uint32_t> ids(mapped->length(split));
    mapped->read(split, 0, std::span(ids));
  }
}

bool take(std::string_view input) {
  const std::string path = scratch_file("index", input);
  std::string why;
  try {
    const auto text =
        IndexedText::open(std::make_unique<datasets::MappedFile>(path), nullptr, kSource, why);
    if (!text || (text->header().flags & datasets::kTextInside) == 0) return false;
    read_all(text);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

bool take_dataset_index(std::string_view input) {
  const bool taken = take(input);
  return take(with_checksums(std::string(input))) || taken;
}

}  // namespace millrace::fuzz
