// Queue files: one aligned chunk of one split, checksummed, used where it lies once it is in
// memory.
//
//     file     = preamble header padding column*
//     preamble = magic[8] version:u32 header_length:u32 header_checksum:u64 file_length:u64      (32 bytes, little-endian)
//     header   = BatchInfo of stream.proto
//     column   = the raw bytes, starting at a multiple of 64, zero-padded to one
//
// docs/reference/queue_file.md has a worked example. A damaged file is a status, never an
// exception.
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
/// A chunk has about this many bytes.
inline constexpr std::size_t kChunkTargetBytes = std::size_t{1} << 20;
/// No chunk is longer: a sample has at most 64 MiB. Of a file that is, only so much is read, which
/// is then too short.
inline constexpr std::size_t kMaxChunkBytes = std::size_t{80} << 20;
inline constexpr std::string_view kChunkSuffix = ".chunk";

/// Samples of a chunk: the power of two that brings it nearest to kChunkTargetBytes (between 0.75
/// and 1.5 of it), at least 1.
[[nodiscard]] std::uint32_t chunk_samples(const Schema& schema);

/// Which chunk of a split a file holds.
struct ChunkKey {
  std::uint64_t first = 0;
  std::optional<std::uint8_t> stage;  ///< where the trainer names the stages
  auto operator<=>(const ChunkKey&) const = default;
};

/// The file's name within the folder of its split: the first index in 12 or more digits, the stage
/// where one is named, and the suffix: "000000004096.chunk", "000000004096.s3.chunk".
[[nodiscard]] std::string chunk_name(std::uint64_t first,
                                     std::optional<std::uint8_t> stage = std::nullopt);
/// What a file name stands for; empty for a name that chunk_name does not give.
[[nodiscard]] std::optional<ChunkKey> chunk_key(std::string_view file_name);

/// Writes the chunk under a temporary name and renames it. No fsync: the checksums decide what
/// counts. Throws DiskError with path and reason (a full disk, a missing folder), leaving nothing
/// behind.
void write_chunk(const std::filesystem::path& path, const std::string& fingerprint,
                 const Schema& schema, const Batch& batch, Disk& disk = real_disk());

enum class ChunkStatus {
  kOk,
  kMissing,      ///< no such file
  kUnreadable,   ///< the disk does not give it
  kForeign,      ///< not a queue file
  kVersion,      ///< a queue file of another version
  kTruncated,    ///< shorter or longer than it says
  kBadHeader,    ///< the header's checksum does not match, or its values are impossible
  kBadChecksum,  ///< a column's bytes do not match their checksum
};
[[nodiscard]] std::string_view describe(ChunkStatus status);

/// What a queue file holds.
struct Chunk {
  ChunkStatus status = ChunkStatus::kOk;
  std::string fingerprint;
  Batch batch;                                     ///< views of the file's memory
  std::vector<WireType> wires;                     ///< per column
  std::vector<std::vector<std::uint32_t>> shapes;  ///< per column, the count first
};
[[nodiscard]] Chunk read_chunk(const std::filesystem::path& path, Disk& disk = real_disk());

}  // namespace millrace::proto
