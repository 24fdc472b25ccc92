// The values of a batch against what the stream's meta allows. A producer's word is not enough: a
// token beyond the vocabulary is an index beyond the model's embedding, and a time of −5 gives a
// loss that is no number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/batch.h"
#include "proto/meta.h"

namespace millrace::proto {

/// The least time of a sample in continuous time: the least one whose inverse is a number in f32,
/// as objectives divide by the time.
inline constexpr float kLeastTime = 0x1p-126F;

/// What a batch with such a value is, in messages and in the causes of metrics.
inline constexpr std::string_view kInvalidValues = "of values that the meta does not allow";

/// The first value, by field, that no sample of the stream can have, as a sentence that names
/// field, sample, value and bound. Empty: there is none. By role:
///
///   input, prefix   a token: below vocab_size
///   target          the same, or the field's sentinel; where samples have a time, not [MASK], to
///                   which the objectives give no probability
///   time            f32: from kLeastTime to 1; whole numbers: from 1 to the setting "timesteps",
///                   if the stream has it
///   weight          not negative
///   stage           below the number of the split's stages
///
/// An f32 of any role is finite. The batch must fit the schema (fits()). Reads each column once, at
/// the speed of memory.
[[nodiscard]] std::optional<std::string> invalid_value(const StreamMeta& meta, const Batch& batch);

}  // namespace millrace::proto
