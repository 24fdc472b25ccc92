// Queue files: one chunk of samples of one split, checksummed and aligned, so that it is used
// without a copy once it is in memory.
//
//     file     = preamble header padding column*
//     preamble = magic[8] version:u32 header_length:u32 header_checksum:u64 file_length:u64
//                                                                      (32 bytes, little-endian)
//     header   = BatchInfo of stream.proto
//     column   = the raw bytes, starting at a multiple of 64, zero-padded to one
//
// Worked example: docs/reference/queue_file.md. A damaged file is a status, never an exception.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/batch.h"
#include "proto/disk.h"
#include "proto/schema.h"
#include "proto/types.h"

namespace millrace::proto {

inline constexpr std::string_view kChunkMagic = "MILLRACE";
inline constexpr std::uint32_t kChunkVersion = 1;
inline constexpr std::size_t kChunkPreambleBytes = 32;
/// The size that chunk_samples() aims at.
inline constexpr std::size_t kChunkTargetBytes = std::size_t{1} << 20;
/// No chunk is longer, as a sample has at most 64 MiB. Of a longer file only this much is read, and
/// it counts as truncated.
inline constexpr std::size_t kMaxChunkBytes = std::size_t{80} << 20;
inline constexpr std::string_view kChunkSuffix = ".chunk";

/// Samples in a chunk: the power of two that makes it 0.75 to 1.5 times kChunkTargetBytes; at least
/// 1.
[[nodiscard]] std::uint32_t chunk_samples(const Schema& schema);

/// Identifies a chunk within its split.
struct ChunkKey {
  std::uint64_t first = 0;
  std::optional<std::uint8_t> stage;  ///< where the trainer names the stages
  auto operator<=>(const ChunkKey&) const = default;
};

/// The file's name in the folder of its split: the first index in at least 12 digits, the stage
/// where one is named, and the suffix: "000000004096.chunk", "000000004096.s3.chunk".
[[nodiscard]] std::string chunk_name(std::uint64_t first,
                                     std::optional<std::uint8_t> stage = std::nullopt);
/// The chunk that a file name identifies; empty for a name that chunk_name() does not give.
[[nodiscard]] std::optional<ChunkKey> chunk_key(std::string_view file_name);

/// Writes the chunk under a temporary name and renames it. It is not synced, as the checksums show
/// damage. Throws DiskError with path and reason (a full disk, a missing folder) and leaves nothing
/// behind.
void write_chunk(const std::filesystem::path& path, const std::string& fingerprint,
                 const Schema& schema, const Batch& batch, Disk& disk = real_disk());

enum class ChunkStatus {
  kOk,
  kMissing,      ///< no such file
  kUnreadable,   ///< the disk cannot read it
  kForeign,      ///< not a queue file
  kVersion,      ///< a queue file of another version
  kTruncated,    ///< shorter or longer than the preamble says
  kBadHeader,    ///< the header does not match its checksum, or has impossible values
  kBadChecksum,  ///< a column's bytes do not match their checksum
};
/// A few words for logs.
[[nodiscard]] std::string_view describe(ChunkStatus status);

/// The content of a queue file; all but `status` only where that is kOk.
struct Chunk {
  ChunkStatus status = ChunkStatus::kOk;
  std::string fingerprint;
  Batch batch;                                     ///< views of the file's memory
  std::vector<WireType> wires;                     ///< of each column
  std::vector<std::vector<std::uint32_t>> shapes;  ///< of each column, the count first
};
/// Throws nothing that a file can cause.
[[nodiscard]] Chunk read_chunk(const std::filesystem::path& path, Disk& disk = real_disk());

}  // namespace millrace::proto
