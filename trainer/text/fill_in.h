// A sample as text for people: masked, with the tokens that a model fills in, and the original.
// Free of LibTorch.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "proto/meta.h"

namespace millrace::trainer {

/// Three texts of the same positions. A line break shows as ↵, a masked position as ▒.
struct FilledIn {
  std::string masked;
  std::string filled;
  std::string original;
};

/// The token ids of one sample, all of one length.
struct SampleTokens {
  std::span<const std::int64_t> input;
  std::span<const std::int64_t> target;  ///< ignore_index where the input is the original
  std::span<const std::int64_t> guess;   ///< the model's; shown where the input is the mask
};

/// The texts of the first `width` positions.
[[nodiscard]] FilledIn fill_in(const proto::StreamMeta& meta, const SampleTokens& sample,
                               std::size_t width);

}  // namespace millrace::trainer
