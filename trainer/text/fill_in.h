// What a model fills in at masked positions, as lines of text for people. Free of LibTorch.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "proto/meta.h"

namespace millrace::trainer {

/// One sample, three times the same characters: a line break shows as ↵, a masked position as ▒.
struct FilledIn {
  std::string masked;
  std::string filled;
  std::string original;
};

/// The token ids of one sample, all of one length.
struct SampleTokens {
  std::span<const std::int64_t> input;
  std::span<const std::int64_t> target;  ///< ignore_index where the input is the original
  /// The model's first choice; shown where the input is the mask.
  std::span<const std::int64_t> guess;
};

/// The first `width` positions.
[[nodiscard]] FilledIn fill_in(const proto::StreamMeta& meta, const SampleTokens& sample,
                               std::size_t width);

}  // namespace millrace::trainer
