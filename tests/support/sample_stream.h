// A small made-up stream for tests of formats and transports: schema, meta, and batches that are a
// function of the index.
#pragma once

#include <cstring>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/probe.h"

namespace millrace::testing {

/// Fields of three widths, so that alignment and padding count: x u8 [5], y u16 [5] with sentinel,
/// t f32, stage u8.
inline proto::Schema sample_schema() {
  using namespace proto;
  return {{{"x", WireType::kU8, LogicalType::kI64, {5}, Role::kInput, false},
           {"y", WireType::kU16, LogicalType::kI64, {5}, Role::kTarget, true},
           {"t", WireType::kF32, LogicalType::kF32, {}, Role::kTime, false},
           {"stage", WireType::kU8, LogicalType::kI64, {}, Role::kStage, false}}};
}

inline constexpr std::uint32_t kSampleVocabulary = 64;
inline constexpr std::uint32_t kSampleMask = kSampleVocabulary - 1;

/// Writes the samples of `range`: every value follows from split, index and position, and is one
/// that the meta allows.
inline void fill_sample(const proto::Range& range, const proto::BatchView& view) {
  for (std::uint32_t row = 0; row < range.count; ++row) {
    const std::uint64_t index = range.first + row;
    const auto salt = static_cast<std::uint64_t>(range.split) * 101 + range.stage.value_or(0) * 13;
    for (std::uint32_t j = 0; j < 5; ++j) {
      const auto target =
          static_cast<std::uint16_t>((index * 31 + j * 7 + salt) % kSampleVocabulary);
      view.values<std::uint8_t>(0)[row * 5 + j] =
          static_cast<std::uint8_t>((index * 5 + j + salt) % kSampleVocabulary);
      view.values<std::uint16_t>(1)[row * 5 + j] =
          target == kSampleMask ? std::uint16_t{0xffff} : target;  // the sentinel
    }
    // In (0, 1], and another one for each of the next 4093 samples.
    view.values<float>(2)[row] = static_cast<float>(index % 4093 + 1) / 4096.0F;
    view.values<std::uint8_t>(3)[row] = range.stage.value_or(0);
  }
}

inline proto::Batch sample_batch(const proto::Range& range) {
  proto::BatchBuffer buffer = proto::make_batch(sample_schema(), range);
  fill_sample(range, buffer.view);
  return buffer.batch;
}

inline proto::StreamMeta sample_meta() {
  proto::StreamMeta meta;
  meta.provider = "sample";
  meta.format_version = 1;
  meta.settings = {{"block_size", "5"}, {"schedule", "none"}};
  meta.dataset_name = "made up";
  meta.dataset_hash = "0123456789abcdef";
  meta.data_seed = 7;
  meta.schema = sample_schema();
  for (char token = '0'; meta.vocabulary.size() < kSampleMask; ++token) {
    meta.vocabulary.emplace_back(1, token);
  }
  meta.vocabulary.emplace_back("[MASK]");
  meta.vocab_size = kSampleVocabulary;
  meta.mask_token_id = kSampleMask;
  meta.block_size = 5;
  meta.train_stages = {"default"};
  meta.val_stages = {"default"};
  meta.sizes = {proto::kEndless, 100, 0};
  for (const proto::Split split : {proto::Split::kTrain, proto::Split::kVal}) {
    meta.probe[static_cast<std::size_t>(split)] =
        proto::probe_digest(meta.schema, sample_batch(*proto::probe_range(meta, split, false)));
  }
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

inline bool same_bytes(const proto::Batch& a, const proto::Batch& b) {
  if (!(a.range == b.range) || a.columns.size() != b.columns.size()) return false;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const auto left = a.columns[i].bytes;
    const auto right = b.columns[i].bytes;
    if (left.size() != right.size() || std::memcmp(left.data(), right.data(), left.size()) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace millrace::testing
