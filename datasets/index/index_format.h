// The bytes of a dataset's index (docs/reference/dataset_index.md): constants for the writer
// (index_writer.h) and the reader (indexed_text.h). All numbers are little-endian, and every
// section starts at a multiple of 8.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace millrace::datasets {

static_assert(std::endian::native == std::endian::little, "an index is mapped and read as it lies");

inline constexpr std::string_view kIndexMagic = "MILLIDX\n";
inline constexpr std::uint32_t kIndexVersion = 1;
inline constexpr std::string_view kIndexSuffix = ".millrace-index";

/// Flag: the text lies in the index itself, because the source holds it in another form.
inline constexpr std::uint32_t kTextInside = 1;
/// Flag: the index is of a token file; its units are tokens, and its text none.
inline constexpr std::uint32_t kOfTokens = 2;

/// A text with characters of several bytes has the byte offset of every so many-th character.
inline constexpr std::uint64_t kCheckpointCharacters = 1024;

/// Where a section lies in the file.
struct Section {
  std::uint64_t first_byte = 0;
  std::uint64_t bytes = 0;
};

/// A character that occurs.
struct CharacterCount {
  std::uint64_t code_point = 0;
  std::uint64_t count = 0;
  std::uint64_t first_byte = 0;  ///< of the text, where it first stands
};

/// Bytes of the text; what stands between two documents belongs to neither.
struct DocumentSpan {
  std::uint64_t first_byte = 0;
  std::uint64_t end_byte = 0;
};

struct IndexHeader {
  char magic[8] = {};
  std::uint32_t version = kIndexVersion;
  std::uint32_t flags = 0;
  std::uint64_t file_bytes = 0;  ///< of the whole index
  std::uint64_t text_bytes = 0;
  std::uint64_t text_hash = 0;   ///< xxh64 of the text's bytes; of a token file: of the file's
  std::uint64_t units = 0;       ///< characters of the text; of a token file: its tokens
  std::uint64_t largest_id = 0;  ///< token files
  std::uint64_t largest_at = 0;  ///< token files: where it first stands
  std::uint64_t val_first = 0;   ///< tokens of a text: where val begins
  std::uint64_t test_first = 0;  ///< tokens of a text: where test begins
  std::uint64_t dropped = 0;     ///< characters left out, because a vocabulary lacks them
  Section text;                  ///< empty without kTextInside
  Section source;                ///< what the index is of, as text
  Section characters;            ///< CharacterCount by code point, ascending
  /// U64: lines or documents by the unit they begin with, ascending.
  Section starts;
  /// U64: byte offset of unit 0, 1024, 2048, …; empty where every unit has the same width.
  Section checkpoints;
  Section documents;  ///< DocumentSpan, ascending
  /// Xxh64 of starts and documents: what decides bytes of a stream beside the text.
  std::uint64_t structure_hash = 0;
  /// Xxh64 of source, characters, starts, checkpoints and documents, as they lie in the file.
  std::uint64_t sections_hash = 0;
  std::uint64_t header_hash = 0;  ///< xxh64 of all before
};
static_assert(sizeof(IndexHeader) == 8 + 8 + 9 * 8 + 6 * 16 + 24);

}  // namespace millrace::datasets
