// The file format of a dataset's index (docs/reference/dataset_index.md): constants and structs for
// the writers (index_writer.h, tokens/token_index_writer.h) and the reader (indexed_text.h).
// Numbers are little-endian, and every section starts at a multiple of 8.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace millrace::datasets {

static_assert(std::endian::native == std::endian::little, "an index is mapped and read as it lies");

inline constexpr std::string_view kIndexMagic = "MILLIDX\n";
inline constexpr std::uint32_t kIndexVersion = 1;
inline constexpr std::string_view kIndexSuffix = ".millrace-index";

/// Flag: the index contains the text, because no file holds it unchanged.
inline constexpr std::uint32_t kTextInside = 1;
/// Flag: the index is of tokens; its units are tokens, and its text is their ids.
inline constexpr std::uint32_t kOfTokens = 2;

/// The index of a text that is not ASCII has the byte offset of every 1024th character.
inline constexpr std::uint64_t kCheckpointCharacters = 1024;

/// The place of a section in the file.
struct Section {
  std::uint64_t first_byte = 0;
  std::uint64_t bytes = 0;
};

/// A character of the text.
struct CharacterCount {
  std::uint64_t code_point = 0;
  std::uint64_t count = 0;
  std::uint64_t first_byte = 0;  ///< where it first occurs in the text
};

/// A document: bytes of the text. Bytes between two documents belong to neither.
struct DocumentSpan {
  std::uint64_t first_byte = 0;
  std::uint64_t end_byte = 0;
};

/// The first bytes of the file.
struct IndexHeader {
  char magic[8] = {};
  std::uint32_t version = kIndexVersion;
  std::uint32_t flags = 0;
  std::uint64_t file_bytes = 0;  ///< of the whole index
  std::uint64_t text_bytes = 0;
  std::uint64_t text_hash = 0;   ///< xxh64 of the text's bytes; of a token file: of the file's
  std::uint64_t units = 0;       ///< characters of the text; of a token file: its tokens
  std::uint64_t largest_id = 0;  ///< token files
  std::uint64_t largest_at = 0;  ///< token files: its first position
  std::uint64_t val_first = 0;   ///< tokens of a text: where val begins
  std::uint64_t test_first = 0;  ///< tokens of a text: where test begins
  std::uint64_t dropped = 0;     ///< characters left out, as a vocabulary lacks them
  Section text;                  ///< empty without kTextInside
  Section source;                ///< what the index was made of, as text
  Section characters;            ///< CharacterCount by code point, ascending
  /// u64: the first unit of each line or document, ascending.
  Section starts;
  /// u64: byte offset of unit 0, 1024, 2048, …; empty where all units have the same width.
  Section checkpoints;
  Section documents;  ///< DocumentSpan, ascending
  /// xxh64 of starts and documents, which decide bytes of a stream, as the text does.
  std::uint64_t structure_hash = 0;
  /// xxh64 of source, characters, starts, documents and checkpoints, in this order.
  std::uint64_t sections_hash = 0;
  std::uint64_t header_hash = 0;  ///< xxh64 of all fields before
};
static_assert(sizeof(IndexHeader) == 8 + 8 + 9 * 8 + 6 * 16 + 24);

}  // namespace millrace::datasets
