// A tiny made-up stream for tests of training: masked tokens that are a function of split, index
// and position, and a source that computes them on demand.
#pragma once

#include <chrono>
#include <optional>
#include <set>

#include "consumer/batch_source.h"
#include "proto/batch.h"
#include "proto/meta.h"
#include "trainer/base/seeds.h"

namespace millrace::testing {

inline constexpr std::uint32_t kMaskedBlock = 12;
inline constexpr std::uint32_t kMaskedVocabulary = 11;
inline constexpr std::uint8_t kMaskedSentinel = 255;

inline proto::StreamMeta masked_meta() {
  using namespace proto;
  StreamMeta meta;
  meta.provider = "masked";
  meta.format_version = 1;
  meta.dataset_name = "made up";
  meta.dataset_hash = "0123456789abcdef";
  meta.schema = {{{"x", WireType::kU8, LogicalType::kI64, {kMaskedBlock}, Role::kInput, false},
                  {"y", WireType::kU8, LogicalType::kI64, {kMaskedBlock}, Role::kTarget, true},
                  {"stage", WireType::kU8, LogicalType::kI64, {}, Role::kStage, false}}};
  for (char letter = 'a'; letter < 'a' + 10; ++letter) meta.vocabulary.emplace_back(1, letter);
  meta.vocabulary.emplace_back("[MASK]");
  meta.vocab_size = kMaskedVocabulary;
  meta.mask_token_id = kMaskedVocabulary - 1;
  meta.block_size = kMaskedBlock;
  meta.train_stages = meta.val_stages = {"few", "many"};
  meta.sizes = {kEndless, 100, 0};
  meta.fingerprint = fingerprint_of(meta);
  return meta;
}

/// Samples of odd index are of stage 1 and have more targets; sample 5 of each split has none.
inline proto::Batch masked_batch(const proto::Range& range) {
  proto::BatchBuffer buffer = proto::make_batch(masked_meta().schema, range);
  for (std::uint32_t row = 0; row < range.count; ++row) {
    const std::uint64_t index = range.first + row;
    const std::uint64_t stage = index % 2;
    buffer.view.values<std::uint8_t>(2)[row] = static_cast<std::uint8_t>(stage);
    for (std::uint32_t j = 0; j < kMaskedBlock; ++j) {
      const std::uint64_t word = trainer::splitmix64(
          index * kMaskedBlock + j + (static_cast<std::uint64_t>(range.split) << 32));
      const bool target = index != 5 && word % 8 < 2 + 3 * stage;
      const auto token = static_cast<std::uint8_t>((word >> 8) % 10);
      buffer.view.values<std::uint8_t>(0)[row * kMaskedBlock + j] =
          target ? std::uint8_t{kMaskedVocabulary - 1} : token;
      buffer.view.values<std::uint8_t>(1)[row * kMaskedBlock + j] =
          target ? token : kMaskedSentinel;
    }
  }
  return buffer.batch;
}

/// Says "not yet" to the first request for each of the indices in `late`, and fails at `broken`.
class MaskedSource : public consumer::BatchSource {
 public:
  explicit MaskedSource(std::set<std::uint64_t> late = {},
                        std::optional<std::uint64_t> broken = std::nullopt)
      : late_(std::move(late)), broken_(broken) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count,
                                                std::chrono::milliseconds) override {
    if (first == broken_) {
      throw std::runtime_error("sample " + std::to_string(first) + " cannot be had");
    }
    if (late_.erase(first) > 0) {
      return std::nullopt;
    }
    return masked_batch({split, first, count, std::nullopt});
  }
  void advance(std::uint64_t cursor) override { cursor_ = cursor; }
  void set_stage_log(const proto::StageLog&) override {}
  [[nodiscard]] std::string state() const override { return "samples that come when they come"; }
  [[nodiscard]] std::uint64_t cursor() const { return cursor_; }

 private:
  proto::StreamMeta meta_ = masked_meta();
  std::set<std::uint64_t> late_;
  std::optional<std::uint64_t> broken_;
  std::uint64_t cursor_ = 0;
};

}  // namespace millrace::testing
