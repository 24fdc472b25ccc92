// The streams of simulations: meta and function.
#pragma once

#include <cstring>
#include <functional>

#include "proto/batch.h"
#include "proto/meta.h"
#include "tests/support/sample_stream.h"

namespace millrace::simulator {

struct MadeStream {
  proto::StreamMeta meta;
  std::function<proto::Batch(const proto::Range&)> make;
};

/// Samples of 20 bytes, at any stage.
inline const MadeStream& small_samples() {
  static const MadeStream stream = [] {
    proto::StreamMeta meta = testing::sample_meta();
    meta.vocabulary.clear();
    meta.vocab_size = 256;
    meta.train_stages.assign(proto::kMaxStages, "some");
    return MadeStream{meta, testing::sample_batch};
  }();
  return stream;
}

/// Samples so large that a queue file holds eight. Every byte of a sample follows from split, stage
/// and index.
inline const MadeStream& large_samples() {
  static const MadeStream stream = [] {
    proto::StreamMeta meta = testing::sample_meta();
    meta.schema = {{{"x",
                     proto::WireType::kU8,
                     proto::LogicalType::kI64,
                     {1 << 17},
                     proto::Role::kInput,
                     false}}};
    meta.vocabulary.clear();
    meta.vocab_size = 256;
    meta.train_stages.assign(proto::kMaxStages, "some");
    meta.fingerprint = proto::fingerprint_of(meta);
    const auto make = [schema = meta.schema](const proto::Range& range) {
      proto::BatchBuffer buffer = proto::make_batch(schema, range);
      const auto bytes = buffer.view.values<std::uint8_t>(0);
      for (std::uint32_t row = 0; row < range.count; ++row) {
        const std::uint64_t value = (range.first + row) * 31 + range.stage.value_or(0) * 7 +
                                    static_cast<std::uint64_t>(range.split);
        std::memset(bytes.data() + (std::size_t{row} << 17), static_cast<int>(value & 255),
                    std::size_t{1} << 17);
        std::memcpy(bytes.data() + (std::size_t{row} << 17), &value, sizeof value);
      }
      return buffer.batch;
    };
    return MadeStream{meta, make};
  }();
  return stream;
}

}  // namespace millrace::simulator
