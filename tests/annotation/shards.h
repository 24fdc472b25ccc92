// Small shards for tests, of given tokens and labels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "annotation/shard_writer.h"

namespace millrace::annotation {

inline ShardHeader small_header(std::uint32_t shard = 0, std::uint32_t shards = 1) {
  ShardHeader header;
  header.selection = Selection::kConstituency;
  header.scorer = "hand";
  header.tokenizer_hash = "0123456789abcdef";
  header.vocab_size = 1000;
  header.dataset_name = "page";
  header.dataset_hash = "fedcba9876543210";
  header.chunk_length = 4;
  header.shards = shards;
  header.shard = shard;
  header.stage1_length = 1;
  header.stage2_length = 3;
  return header;
}

/// A chunk.
struct Scored {
  std::vector<std::uint32_t> tokens;
  std::vector<float> scores;
};

inline void add(ShardWriter& writer, Picker& picker, const Scored& chunk) {
  std::vector<std::uint16_t> order(chunk.tokens.size());
  const Capacity capacity = picker.pick(chunk.tokens, chunk.scores, order);
  writer.add(chunk.tokens, order, chunk.scores, capacity);
}

inline void write_shard(const std::filesystem::path& folder, const ShardHeader& header,
                        const std::vector<Scored>& chunks) {
  ShardWriter writer(folder, header);
  Picker picker(header.selection, header.vocab_size);
  for (const Scored& chunk : chunks) add(writer, picker, chunk);
  writer.finish(1, 0);
}

/// The first and third chunk fill stages of 1 and 3 tokens, the second does not.
inline std::vector<Scored> three_chunks() {
  return {{{10, 11, 12, 13}, {7, 3, 4, 1}},
          {{20, 20, 21, 21}, {3, 3, 4, 4}},
          {{30, 31, 30, 33}, {5, 6, 3, 2}}};
}

}  // namespace millrace::annotation
