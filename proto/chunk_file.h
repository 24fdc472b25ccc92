// Queue files: one aligned chunk of one split, checksummed, readable by mapping it.
//
//     file     = preamble header padding column*
//     preamble = magic[8] version:u32 header_length:u32 header_checksum:u64 file_length:u64      (32 bytes, little-endian)
//     header   = BatchInfo of stream.proto
//     column   = the raw bytes, starting at a multiple of 64, zero-padded to one
//
// docs/queue_file.md has a worked example. A damaged file is a status, never an exception.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/batch.h"
#include "proto/schema.h"
#include "proto/types.h"

namespace millrace::proto {

inline constexpr std::string_view kChunkMagic = "MILLRACE";
inline constexpr std::uint32_t kChunkVersion = 1;
inline constexpr std::size_t kChunkPreambleBytes = 32;
/// A chunk has about this many bytes.
inline constexpr std::size_t kChunkTargetBytes = std::size_t{1} << 20;
inline constexpr std::string_view kChunkSuffix = ".chunk";

/// Samples of a chunk: the power of two that brings it nearest to kChunkTargetBytes (between 0.75 and 1.5 of it), at least 1.
[[nodiscard]] std::uint32_t chunk_samples(const Schema& schema);

/// The file's name within the folder of its split: the first index in 12 or more digits, and the suffix.
[[nodiscard]] std::string chunk_name(std::uint64_t first);
/// The first index that a file name stands for; empty for a name that is not a chunk's.
[[nodiscard]] std::optional<std::uint64_t> chunk_first(std::string_view file_name);

/// Writes the chunk under a temporary name and renames it. No fsync: the checksums decide what counts. Throws
/// std::runtime_error with path and reason (a full disk, a missing folder), leaving nothing behind.
void write_chunk(const std::filesystem::path& path, const std::string& fingerprint, const Schema& schema, const Batch& batch);

enum class ChunkStatus {
  kOk,
  kMissing,      ///< no such file, or it cannot be opened
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
  Batch batch;                                     ///< views of the mapped file
  std::vector<WireType> wires;                     ///< per column
  std::vector<std::vector<std::uint32_t>> shapes;  ///< per column, the count first
};
[[nodiscard]] Chunk read_chunk(const std::filesystem::path& path);

}  // namespace millrace::proto
