// Writing and checking queue files.
#include "proto/chunk_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "proto/codec.h"
#include "proto/digest.h"
#include "proto/files.h"

namespace millrace::proto {

static_assert(std::endian::native == std::endian::little,
              "the formats are little-endian and columns are used where they lie");

namespace {

struct Preamble {
  char magic[8];
  std::uint32_t version;
  std::uint32_t header_length;
  std::uint64_t header_checksum;
  std::uint64_t file_length;
};
static_assert(sizeof(Preamble) == kChunkPreambleBytes);

constexpr std::size_t kNameDigits = 12;

ChunkStatus check_preamble(const Preamble& preamble, std::span<const std::byte> file) {
  if (preamble.version != kChunkVersion) return ChunkStatus::kVersion;
  if (preamble.file_length != file.size()) return ChunkStatus::kTruncated;
  if (preamble.header_length > file.size() - kChunkPreambleBytes) return ChunkStatus::kBadHeader;
  const auto header = file.subspan(kChunkPreambleBytes, preamble.header_length);
  return xxh64(header) == preamble.header_checksum ? ChunkStatus::kOk : ChunkStatus::kBadHeader;
}

Chunk failed(ChunkStatus status) {
  Chunk chunk;
  chunk.status = status;
  return chunk;
}

Chunk read_columns(BatchInfo info, const SharedBytes& file, std::size_t at) {
  Chunk chunk;
  chunk.fingerprint = std::move(info.fingerprint);
  chunk.batch.range = info.range;
  for (const ColumnInfo& column : info.columns) {
    const std::size_t bytes = column.bytes();
    if (at > file.bytes.size() || bytes > file.bytes.size() - at) {
      return failed(ChunkStatus::kBadHeader);
    }
    chunk.batch.columns.push_back({file.owner, file.bytes.subspan(at, bytes)});
    chunk.wires.push_back(column.wire);
    chunk.shapes.push_back(column.shape);
    at = column_aligned(at + bytes);
  }
  if (at != file.bytes.size()) return failed(ChunkStatus::kBadHeader);
  const bool whole = std::ranges::equal(checksums(chunk.batch.columns), info.columns, {}, {},
                                        &ColumnInfo::checksum);
  return whole ? chunk : failed(ChunkStatus::kBadChecksum);
}

Chunk parse(const SharedBytes& file) {
  const std::size_t magic_bytes = std::min(file.bytes.size(), kChunkMagic.size());
  if (text(file.bytes.first(magic_bytes)) != kChunkMagic.substr(0, magic_bytes)) {
    return failed(ChunkStatus::kForeign);
  }
  if (file.bytes.size() < kChunkPreambleBytes) {
    return failed(ChunkStatus::kTruncated);
  }
  Preamble preamble;
  std::memcpy(&preamble, file.bytes.data(), sizeof preamble);
  if (const ChunkStatus status = check_preamble(preamble, file.bytes); status != ChunkStatus::kOk) {
    return failed(status);
  }
  auto info =
      decode_batch_info(text(file.bytes.subspan(kChunkPreambleBytes, preamble.header_length)));
  if (!info) return failed(ChunkStatus::kBadHeader);
  return read_columns(std::move(*info), file,
                      column_aligned(kChunkPreambleBytes + preamble.header_length));
}

}  // namespace

std::uint32_t chunk_samples(const Schema& schema) {
  const std::size_t most = kChunkTargetBytes * 3 / 2 / schema.bytes_per_sample();
  return static_cast<std::uint32_t>(std::bit_floor(std::max<std::size_t>(most, 1)));
}

std::string chunk_name(std::uint64_t first, std::optional<std::uint8_t> stage) {
  const std::string digits = std::to_string(first);
  const std::string named_stage = stage ? ".s" + std::to_string(*stage) : "";
  return std::string(kNameDigits - std::min(kNameDigits, digits.size()), '0') + digits +
         named_stage + std::string(kChunkSuffix);
}

std::optional<ChunkKey> chunk_key(std::string_view file_name) {
  if (!file_name.ends_with(kChunkSuffix)) return std::nullopt;
  const std::string_view stem = file_name.substr(0, file_name.size() - kChunkSuffix.size());
  const std::size_t stage_at = stem.find(".s");
  const auto first = base::parse_number<std::uint64_t>(stem.substr(0, stage_at));
  if (!first) return std::nullopt;
  ChunkKey key{*first, std::nullopt};
  if (stage_at != std::string_view::npos) {
    key.stage = base::parse_number<std::uint8_t>(stem.substr(stage_at + 2));
  }
  return chunk_name(key.first, key.stage) == file_name ? std::optional(key) : std::nullopt;
}

void write_chunk(const std::filesystem::path& path, const std::string& fingerprint,
                 const Schema& schema, const Batch& batch, Disk& disk) {
  static constexpr char kZeros[kColumnAlignment] = {};
  const std::string header = encode_batch_info(describe_batch(0, fingerprint, schema, batch));
  std::vector<std::string_view> pieces;
  std::size_t length = 0;
  const auto add = [&](std::string_view piece) {
    pieces.push_back(piece);
    length += piece.size();
  };
  const auto pad = [&] { add({kZeros, column_aligned(length) - length}); };

  Preamble preamble{};
  add({reinterpret_cast<const char*>(&preamble), sizeof preamble});
  add(header);
  pad();
  for (const SharedBytes& column : batch.columns) {
    add(text(column.bytes));
    pad();
  }
  std::memcpy(preamble.magic, kChunkMagic.data(), sizeof preamble.magic);
  preamble.version = kChunkVersion;
  preamble.header_length = static_cast<std::uint32_t>(header.size());
  preamble.header_checksum = xxh64(header);
  preamble.file_length = length;
  replace_file(path, pieces, disk);
}

Chunk read_chunk(const std::filesystem::path& path, Disk& disk) try {
  const std::optional<SharedBytes> file = disk.read(path, kMaxChunkBytes);
  return file ? parse(*file) : failed(ChunkStatus::kMissing);
} catch (const DiskError&) {
  return failed(ChunkStatus::kUnreadable);
}

std::string_view describe(ChunkStatus status) {
  switch (status) {
    case ChunkStatus::kOk: return "whole";
    case ChunkStatus::kMissing: return "not there";
    case ChunkStatus::kUnreadable: return "it cannot be read";
    case ChunkStatus::kForeign: return "not a queue file";
    case ChunkStatus::kVersion: return "a queue file of another version";
    case ChunkStatus::kTruncated: return "cut short or too long";
    case ChunkStatus::kBadHeader: return "its header is damaged";
    case ChunkStatus::kBadChecksum: return "a column does not match its checksum";
  }
  return "?";
}

}  // namespace millrace::proto
