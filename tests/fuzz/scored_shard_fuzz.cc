// annotation::ScoredShard on a file's bytes, and all that it reads from them.
#include <cstring>
#include <stdexcept>
#include <vector>

#include "annotation/scored_shard.h"
#include "proto/digest.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

using annotation::ScoredShard;

constexpr std::uint64_t kMostChunks = 100;  // to be read from an accepted shard

void put(std::string& bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// The input with the right checksums and length, if it has a header.
std::string repaired(std::string_view input) {
  std::string bytes(input);
  if (bytes.size() < annotation::kShardPreambleBytes) return bytes;
  std::uint32_t header_length = 0;
  std::memcpy(&header_length, bytes.data() + 12, sizeof header_length);
  const std::string_view header =
      std::string_view(bytes).substr(annotation::kShardPreambleBytes, header_length);
  try {
    const std::uint64_t index_bytes =
        annotation::header_from_json(header).chunks * annotation::kIndexEntryBytes;
    if (index_bytes <= bytes.size()) {
      put(bytes, 32, proto::xxh64(std::string_view(bytes).substr(bytes.size() - index_bytes)));
    }
  } catch (const std::runtime_error&) {  // no header; the parser refuses it too
  }
  put(bytes, 16, proto::xxh64(header));
  put(bytes, 40, bytes.size());
  return bytes;
}

void read_chunk(const ScoredShard& shard, std::uint64_t chunk) {
  const std::uint32_t length = shard.header().chunk_length;
  std::vector<std::uint32_t> tokens(length);
  std::vector<float> scores(length);
  shard.read_tokens(chunk, tokens);
  shard.read_scores(chunk, scores);
  std::vector<std::uint16_t> positions(shard.capacity(chunk).picks);
  try {
    shard.read_stage(chunk, shard.capacity(chunk).picks, positions);
  } catch (const std::out_of_range&) {  // impossible picks
    return;
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    require(positions[i] < length && (i == 0 || positions[i - 1] < positions[i]),
            "a stage's positions ascend within the chunk");
  }
}

bool take(const std::string& bytes) {
  try {
    const ScoredShard shard(scratch_file("a.scored", bytes));
    for (std::uint64_t chunk = 0; chunk < std::min(kMostChunks, shard.header().chunks); ++chunk) {
      read_chunk(shard, chunk);
    }
    require(annotation::header_from_json(annotation::to_json(shard.header())) == shard.header(),
            "a header is read as it is written");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

bool take_scored_shard(std::string_view input) {
  (void)take(repaired(input));
  return take(std::string(input));
}

}  // namespace millrace::fuzz
