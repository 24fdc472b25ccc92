// A stream's meta: the schema, vocabulary, settings and fingerprint that a trainer must know.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/schema.h"
#include "proto/types.h"

namespace millrace::proto {

/// Everything that a trainer and a model must know of a stream.
struct StreamMeta {
  std::string provider;
  std::uint32_t format_version = 0;
  /// The recipe's settings that change a byte of the stream, as canonical text
  /// (config/stream_settings.h).
  std::map<std::string, std::string> settings;
  std::string dataset_name;
  std::string dataset_hash;  ///< xxh64 of the dataset's content, 16 hex digits
  std::uint64_t data_seed = 0;
  Schema schema;

  std::vector<std::string> vocabulary;  ///< by token id, UTF-8; empty where only ids are known
  /// Whether the vocabulary writes every byte as a printable character, as byte-level BPE does.
  bool byte_level = false;
  std::uint32_t vocab_size = 0;
  std::optional<std::uint32_t> mask_token_id;
  std::int64_t ignore_index = -100;
  std::uint32_t block_size = 0;
  /// Names of the stages by number; a single one where there is no schedule.
  std::vector<std::string> train_stages;
  std::vector<std::string> val_stages;
  /// Samples of each split, by Split's value: kEndless for train, 0 for a split that the dataset
  /// lacks.
  std::array<std::uint64_t, kSplitCount> sizes{};
  /// Train samples in one pass over the data, at least 1; empty where a pass is not defined or not
  /// known. Not fingerprinted.
  std::optional<std::uint64_t> epoch_samples;

  std::string fingerprint;  ///< 16 hex digits; fingerprint_of(*this)
  /// Digest of the first samples of each split, so that a build that computes other bytes is
  /// refused. Not fingerprinted.
  std::array<std::string, kSplitCount> probe{};

  [[nodiscard]] std::uint64_t size(Split split) const {
    return sizes[static_cast<std::size_t>(split)];
  }
  bool operator==(const StreamMeta&) const = default;
};

/// Throws std::invalid_argument naming the value and the reason if no stream has such a meta. Of a
/// meta from a peer or a file, so that models and objectives may rely on it: the schema can be used
/// (check(Schema)); the vocabulary is empty or has vocab_size tokens; [MASK] is one of them, and
/// ignore_index none; a sample has 1 to kMaxBlockSize tokens; each split has 1 to kMaxStages
/// stages; train is not empty, and an epoch neither.
void check(const StreamMeta& meta);
inline constexpr std::uint32_t kMaxBlockSize = 1U << 20;  // as provider.block_size

/// Samples of each split that the probe covers (fewer where the split is smaller).
inline constexpr std::uint32_t kProbeSamples = 4;

/// The text whose xxh64 is the fingerprint: a line `key=value` for each fact that changes a byte
/// (example: docs/reference/message.md).
[[nodiscard]] std::string fingerprint_text(const StreamMeta& meta);
[[nodiscard]] std::string fingerprint_of(const StreamMeta& meta);

/// A fact in which two streams differ, with both values.
struct Difference {
  std::string what;
  std::string here;
  std::string there;
};

/// The differences between the settings of two recipes; the value of an absent key is "(unset)".
[[nodiscard]] std::vector<Difference> differences(const std::map<std::string, std::string>& here,
                                                  const std::map<std::string, std::string>& there);
/// The differences between two streams, in any field of their metas, digests last. A dataset's name
/// may differ where its content is the same, and epoch_samples, which shapes no byte, be unknown.
[[nodiscard]] std::vector<Difference> differences(const StreamMeta& here, const StreamMeta& there);
/// "block_size is 128 here and 256 there; …": the first three differences; empty for none.
[[nodiscard]] std::string describe(const std::vector<Difference>& differences,
                                   const std::string& here = "here",
                                   const std::string& there = "there");

}  // namespace millrace::proto
