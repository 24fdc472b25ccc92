// Checking an index, and finding characters in a text.
#include "datasets/index/indexed_text.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "base/utf8.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

/// Sections up to this size together are hashed when an index is opened. Larger ones would take too
/// long; what is read of them is checked where it is used.
constexpr std::uint64_t kCheckedBytes = std::uint64_t{8} << 20;

bool lies_within(const Section& section, std::uint64_t unit, std::uint64_t size) {
  return section.first_byte % 8 == 0 && section.bytes % unit == 0 && section.first_byte <= size &&
         section.bytes <= size - section.first_byte;
}

bool sections_fit(const IndexHeader& header, std::uint64_t size) {
  const bool text_fits =
      (header.flags & kTextInside) == 0 ||
      (lies_within(header.text, 1, size) && header.text.bytes == header.text_bytes);
  const std::uint64_t checkpoints =
      (header.units + kCheckpointCharacters - 1) / kCheckpointCharacters;
  const bool needs_checkpoints =
      header.units != header.text_bytes && (header.flags & kOfTokens) == 0;
  const bool checkpoints_fit = !needs_checkpoints || header.checkpoints.bytes == checkpoints * 8;
  return text_fits && checkpoints_fit && header.units <= header.text_bytes &&
         lies_within(header.source, 1, size) &&
         lies_within(header.characters, sizeof(CharacterCount), size) &&
         lies_within(header.starts, 8, size) && lies_within(header.checkpoints, 8, size) &&
         lies_within(header.documents, sizeof(DocumentSpan), size);
}

std::uint64_t hash_of_sections(std::string_view index, const IndexHeader& header) {
  proto::Digest digest;
  for (const Section& each :
       {header.source, header.characters, header.starts, header.documents, header.checkpoints}) {
    digest.update(std::as_bytes(std::span(index.substr(each.first_byte, each.bytes))));
  }
  return digest.value();
}

bool is_small(const IndexHeader& header) {
  return header.starts.bytes + header.checkpoints.bytes + header.documents.bytes <= kCheckedBytes;
}

/// The dataset has changed since its index was made.
constexpr const char* kEarlier = "of an earlier state of the dataset";

/// What is wrong with an index, after the words "the index is"; empty for a good one.
std::string fault_of(std::string_view index, const IndexHeader& header, std::string_view source) {
  const std::string_view raw = index.substr(0, sizeof header);
  if (!index.starts_with(kIndexMagic)) return "not an index of this program";
  if (header.version != kIndexVersion) return "of version " + std::to_string(header.version);
  if (proto::xxh64(raw.substr(0, offsetof(IndexHeader, header_hash))) != header.header_hash) {
    return "damaged in its header";
  }
  if (header.file_bytes != index.size()) {
    return "cut short";
  }
  if (!sections_fit(header, index.size())) return "damaged in its header";
  if (index.substr(header.source.first_byte, header.source.bytes) != source) {
    return kEarlier;
  }
  if (is_small(header) && hash_of_sections(index, header) != header.sections_hash) {
    return "damaged";
  }
  return {};
}

}  // namespace

std::shared_ptr<const IndexedText> IndexedText::open(std::unique_ptr<const MappedFile> index,
                                                     std::unique_ptr<const MappedFile> text,
                                                     std::string_view source, std::string& why) {
  IndexHeader header;
  if (index->bytes().size() < sizeof header) {
    why = "cut short";
    return nullptr;
  }
  std::memcpy(&header, index->bytes().data(), sizeof header);
  why = fault_of(index->bytes(), header, source);
  if (why.empty() && (header.flags & kTextInside) == 0 && text != nullptr &&
      text->bytes().size() < header.text_bytes) {
    why = kEarlier;
  }
  if (!why.empty()) return nullptr;
  return std::shared_ptr<const IndexedText>(
      new IndexedText(std::move(index), std::move(text), header));
}

IndexedText::IndexedText(std::unique_ptr<const MappedFile> index,
                         std::unique_ptr<const MappedFile> text, const IndexHeader& header)
    : index_(std::move(index)), mapped_text_(std::move(text)), header_(header) {
  if ((header_.flags & kTextInside) != 0) {
    text_ = index_->bytes().substr(header_.text.first_byte, header_.text.bytes);
  } else if (mapped_text_ != nullptr) {
    text_ = mapped_text_->bytes().substr(0, header_.text_bytes);
  }
}

std::uint64_t IndexedText::byte_of(std::uint64_t character) const {
  if (is_ascii()) return character;
  if (character >= header_.units) return text_.size();
  std::uint64_t byte = checkpoints()[character / kCheckpointCharacters];
  for (std::uint64_t left = character % kCheckpointCharacters; left > 0 && byte < text_.size();
       --left) {
    do ++byte;
    while (byte < text_.size() && base::is_continuation(text_[byte]));
  }
  return std::min<std::uint64_t>(byte, text_.size());
}

std::uint64_t IndexedText::character_of(std::uint64_t byte) const {
  if (is_ascii()) return byte;
  const auto behind = std::ranges::upper_bound(checkpoints(), byte);
  if (behind == checkpoints().begin()) return 0;
  const auto before = static_cast<std::uint64_t>(behind - checkpoints().begin()) - 1;
  const std::uint64_t from = checkpoints()[before];
  const std::string_view part =
      text_.substr(std::min<std::uint64_t>(from, text_.size()), byte - from);
  const auto characters =
      std::ranges::count_if(part, [](char c) { return !base::is_continuation(c); });
  return before * kCheckpointCharacters + static_cast<std::uint64_t>(characters);
}

void refuse_damaged_index(const std::string& place) {
  throw std::runtime_error(place + ": its index is damaged; remove it (" +
                           std::string(kIndexSuffix) + ") and start again");
}

}  // namespace millrace::datasets
