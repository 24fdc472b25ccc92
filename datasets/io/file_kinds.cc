// The signatures of files, and the patterns of encodings (file_kinds.h).
#include "datasets/io/file_kinds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

using namespace std::string_view_literals;

/// A kind of file: bytes at an offset by which it is known, its name, and what to do with it.
struct FileKind {
  std::string_view signature;
  std::string_view name;
  std::string_view next;
  std::size_t offset = 0;
};

constexpr auto kToRecords =
    "write its texts as JSON Lines, e.g. in Python with "
    "pandas.read_parquet(FILE).to_json(NEW, orient='records', lines=True)"sv;
constexpr auto kToText = "write its text into a file"sv;
constexpr auto kUnpack = "unpack it, and name the folder or the file that comes out"sv;
constexpr auto kNoHeader = "cut its header off: tail -c +1025 FILE > NEW"sv;

constexpr FileKind kKinds[] = {
    {"\x1F\x8B\x08"sv, "compressed by gzip",
     "decompress it with gunzip, or name a text so that it ends in .gz"},
    {"\x28\xB5\x2F\xFD"sv, "compressed by zstd",
     "decompress it with zstd -d, or name a text so that it ends in .zst"},
    {"BZh"sv, "compressed by bzip2", "decompress it with bunzip2"},
    {"\xFD"
     "7zXZ\0"sv,
     "compressed by xz", "decompress it with unxz"},
    {"\x04\x22\x4D\x18"sv, "compressed by lz4", "decompress it with lz4 -d"},
    {"PK\3\4"sv, "a ZIP archive", kUnpack},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", kUnpack},
    {"Rar!\x1A\x07"sv, "a RAR archive", kUnpack},
    {"ustar"sv, "a tar archive", kUnpack, 257},
    {"\x93NUMPY"sv, "a NumPy file",
     "write its ids without a header, e.g. in Python with "
     "numpy.load(FILE).astype('<u2').tofile(NEW)"},
    {"\x88\xD8\x34\x01"sv, "a token file of llm.c, with a header and ids of 16 bits", kNoHeader},
    {"\xA1\xD9\x34\x01"sv, "a token file of llm.c, with a header and ids of 32 bits", kNoHeader},
    {"\x80\x04\x95"sv, "a Python pickle", kToText},
    {"\x80\x05\x95"sv, "a Python pickle", kToText},
    {"PAR1"sv, "a Parquet file", kToRecords},
    {"ARROW1\0\0"sv, "an Arrow file", kToRecords},
    {"\x89HDF\r\n\x1A\n"sv, "an HDF5 file", kToRecords},
    {"SQLite format 3\0"sv, "an SQLite database", kToRecords},
    {"%PDF-"sv, "a PDF", kToText},
    {"\x7F"
     "ELF"sv,
     "a program", kToText},
};

/// Short signatures could be ids, so more than the signature must fit.
bool fits(const FileKind& kind, std::string_view bytes) {
  const auto at = [bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (kind.name.ends_with("gzip")) return bytes.size() >= 10 && at(3) < 0x20 && at(8) % 2 == 0;
  if (kind.name.ends_with("bzip2")) return bytes.size() >= 10 && bytes.substr(4, 6) == "1AY&SY";
  if (kind.name.ends_with("pickle")) return bytes.size() > 10 && at(9) == 0 && at(10) == 0;
  if (kind.name.starts_with("a token file")) return bytes.size() > 8 && at(4) < 16 && at(5) == 0;
  return true;
}

const FileKind* find_kind(std::string_view beginning) {
  const auto* const found = std::ranges::find_if(kKinds, [&](const FileKind& kind) {
    return beginning.size() > kind.offset &&
           beginning.substr(kind.offset).starts_with(kind.signature) && fits(kind, beginning);
  });
  return found == std::end(kKinds) ? nullptr : found;
}

bool is_control(char byte) {
  const auto c = static_cast<std::uint8_t>(byte);
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7F;
}

/// Whether no text has the signature's bytes; else only a file that is not UTF-8 is of the kind.
bool is_never_text(const FileKind& kind) {
  return kind.offset > 0 || std::ranges::any_of(kind.signature, [](char byte) {
           return is_control(byte) || static_cast<std::uint8_t>(byte) >= 0x80;
         });
}

std::string message(const FileKind& kind, std::string_view expected) {
  return "it is " + std::string(kind.name) + ", not " + std::string(expected) + "; " +
         std::string(kind.next);
}

/// Whether the bytes are numbers of 32 bits, all of them code points, and not all 0. `places`: the
/// bytes of a number, the least significant first.
bool are_code_points(std::string_view bytes, std::array<std::size_t, 4> places) {
  std::uint32_t largest = 0;
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      number |= std::uint32_t{static_cast<std::uint8_t>(bytes[places[i]])} << (8 * i);
    }
    largest = std::max(largest, number);
  }
  return largest > 0 && largest < kCodePoints;
}

/// How many bytes are 0 at even places, and at odd ones.
std::pair<std::size_t, std::size_t> zeros_by_place(std::string_view bytes) {
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < bytes.size(); ++i) zeros[i % 2] += bytes[i] == '\0' ? 1 : 0;
  return {zeros[0], zeros[1]};
}

/// The name of the encoding, by a byte order mark or by where zeros lie; empty for UTF-8. Zeros lie
/// in every character of UTF-32, and in the spaces and digits of every language in UTF-16.
std::string_view wide_encoding(std::string_view beginning) {
  if (beginning.starts_with("\xFF\xFE\0\0"sv) || beginning.starts_with("\0\0\xFE\xFF"sv)) {
    return "UTF-32";
  }
  if (beginning.starts_with("\xFF\xFE"sv) || beginning.starts_with("\xFE\xFF"sv)) return "UTF-16";
  constexpr std::size_t kFew = 16;
  if (are_code_points(beginning, {0, 1, 2, 3})) return "UTF-32LE";
  if (are_code_points(beginning, {3, 2, 1, 0})) return "UTF-32BE";
  const std::size_t pairs = beginning.size() / 2;
  const auto [first, second] = zeros_by_place(beginning.substr(0, pairs * 2));
  const auto is_wide = [pairs](std::size_t zeros, std::size_t others) {
    const bool many = zeros > pairs / 2 || (zeros >= kFew && zeros >= pairs / 32);
    return zeros > 0 && others == 0 && many;
  };
  if (is_wide(second, first)) return "UTF-16LE";
  if (is_wide(first, second)) return "UTF-16BE";
  return {};
}

std::string conversion_from(std::string_view encoding) {
  return "convert it, e.g. with iconv -f " + std::string(encoding) + " -t UTF-8 FILE > NEW";
}

bool has_byte(std::string_view bytes, std::uint8_t least, std::uint8_t most) {
  return std::ranges::any_of(bytes, [=](char byte) {
    const auto b = static_cast<std::uint8_t>(byte);
    return b >= least && b <= most;
  });
}

}  // namespace

std::optional<std::string> not_utf8_text(std::string_view beginning) {
  const FileKind* const kind = find_kind(beginning);
  if (kind != nullptr && is_never_text(*kind)) return message(*kind, "text");
  const std::string_view encoding = wide_encoding(beginning.substr(0, kBeginningBytes));
  if (encoding.empty()) return std::nullopt;
  return "it is text in " + std::string(encoding) + ", not UTF-8; " + conversion_from(encoding);
}

std::string invalid_utf8_message(std::uint64_t offset, std::string_view beginning,
                                 std::string_view piece, std::size_t at) {
  if (const FileKind* const kind = find_kind(beginning)) return message(*kind, "text");
  const std::string start = "not valid UTF-8 at byte offset " + std::to_string(offset) + "; ";
  if (has_byte(beginning.substr(0, offset), 0x80, 0xFF) ||
      has_byte(piece.substr(0, at), 0x80, 0xFF)) {
    const std::string before = start + "the text before it is UTF-8, so ";
    if (incomplete_utf8_bytes(piece) == piece.size() - at) {
      return before + "the file was cut within a character; fetch it again";
    }
    return before +
           "a few bytes are damaged; leave them out, e.g. with iconv -c -f UTF-8 -t UTF-8 FILE > "
           "NEW";
  }
  return start + conversion_from(has_byte(piece, 0x80, 0x9F) ? "WINDOWS-1252" : "ISO-8859-1");
}

std::optional<std::string> not_token_ids(std::string_view beginning) {
  constexpr std::size_t kFewest = 32;  // bytes that are text by chance in no file of ids
  if (const FileKind* const kind = find_kind(beginning)) return message(*kind, "token ids");
  const std::string_view text =
      beginning.substr(0, beginning.size() - incomplete_utf8_bytes(beginning));
  if (text.size() < kFewest || std::ranges::any_of(text, is_control) ||
      find_invalid_utf8(text) < text.size()) {
    return std::nullopt;
  }
  return "it is text, not token ids; say --data.format=text, and name a tokenizer with "
         "--data.tokenizer=PATH to read it as tokens";
}

}  // namespace millrace::datasets
