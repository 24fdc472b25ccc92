// One reduction over each column; only where it finds something is the value looked for.
#include "proto/batch_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>

#include "base/text.h"

namespace millrace::proto {
namespace {

/// The values that a field of whole numbers can have: from `least` to `most`, but not `barred`; or
/// the sentinel.
struct WholeNumbers {
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  bool sentinel = false;  ///< only where `least` is 0
  std::optional<std::uint32_t> barred{};
  std::string words{};  ///< the bound, in a message

  [[nodiscard]] bool allows(std::int64_t value, std::int64_t of_sentinel) const {
    if (sentinel && value == of_sentinel) return true;
    return value >= least && value <= most && value != barred;
  }
};

struct Floats {
  float least = std::numeric_limits<float>::lowest();
  float most = std::numeric_limits<float>::max();
  std::string words = "numbers are finite";

  [[nodiscard]] bool allows(float value) const { return value >= least && value <= most; }
};

WholeNumbers tokens(const StreamMeta& meta) {
  return {.most = std::int64_t{meta.vocab_size} - 1,
          .words = "tokens are below " + std::to_string(meta.vocab_size)};
}

WholeNumbers targets(const StreamMeta& meta, const Field& field) {
  WholeNumbers allowed = tokens(meta);
  allowed.sentinel = field.sentinel;
  if (field.sentinel) allowed.words += ", or " + std::to_string(largest(field.wire)) + " for none";
  if (!meta.mask_token_id || meta.schema.find(Role::kTime) < 0) return allowed;
  allowed.words +=
      ", and " + std::to_string(*meta.mask_token_id) + " is [MASK], which is no target";
  if (*meta.mask_token_id == allowed.most) {
    --allowed.most;  // as a rule [MASK] is the last token
  } else {
    allowed.barred = meta.mask_token_id;
  }
  return allowed;
}

WholeNumbers timesteps(const StreamMeta& meta, const Field& field) {
  if (field.logical == LogicalType::kF32) return {.least = 1, .most = 1, .words = "times are 1"};
  const auto setting = meta.settings.find("timesteps");
  const auto steps = setting == meta.settings.end()
                         ? std::nullopt
                         : base::parse_number<std::uint32_t>(setting->second);
  WholeNumbers allowed{.least = 1, .words = "times are above 0"};
  if (!steps) return allowed;
  allowed.most = *steps;
  allowed.words += " and at most " + std::to_string(*steps);
  return allowed;
}

WholeNumbers stages(const StreamMeta& meta, Split split) {
  const std::size_t count =
      split == Split::kTrain ? meta.train_stages.size() : meta.val_stages.size();
  return {.most = static_cast<std::int64_t>(count) - 1,
          .words = std::string(to_string(split)) + " has " + base::counted(count, "stage")};
}

WholeNumbers of_role(const StreamMeta& meta, const Field& field, Split split) {
  switch (field.role) {
    case Role::kInput:
    case Role::kPrefix: return tokens(meta);
    case Role::kTarget: return targets(meta, field);
    case Role::kTime: return timesteps(meta, field);
    case Role::kStage: return stages(meta, split);
    case Role::kWeight: break;
  }
  return {.words = "weights are not negative"};
}

WholeNumbers whole_numbers(const StreamMeta& meta, const Field& field, Split split) {
  WholeNumbers allowed = of_role(meta, field, split);
  // The sentinel becomes ignore_index in every role, and stands for no target in one alone.
  const auto most = static_cast<std::int64_t>(largest(field.wire)) - (field.sentinel ? 1 : 0);
  allowed.most = std::min(allowed.most, most);
  return allowed;
}

Floats floats(Role role) {
  if (role == Role::kTime) return {kLeastTime, 1.0F, "times are above 0 and at most 1"};
  if (role == Role::kWeight) return {.least = 0.0F, .words = "weights are finite, not negative"};
  return {};
}

// The loops over data. Each has one reduction and no branch, so that the compiler vectorises it.

template <class T>
bool contains(std::span<const T> values, T wanted) {
  unsigned found = 0;
  for (const T value : values) found |= static_cast<unsigned>(value == wanted);
  return found != 0;
}

/// The largest distance of a value from `least`, going up and around from the largest to 0.
template <class T>
[[gnu::always_inline]] inline T farthest(std::span<const T> values, T least) {
  T most = 0;
#pragma GCC unroll 4
  for (const T value : values) most = std::max(most, static_cast<T>(value - least));
  return most;
}

#if defined(__x86_64__)
/// The same by instructions that not every machine has: half of the time for u8, a fifth for u16.
template <class T>
__attribute__((target("avx2"))) T farthest_by_avx2(std::span<const T> values, T least) {
  return farthest(values, least);
}

template <class T>
T farthest_of(std::span<const T> values, T least) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  return has_avx2 ? farthest_by_avx2(values, least) : farthest(values, least);
}
#else
template <class T>
T farthest_of(std::span<const T> values, T least) {
  return farthest(values, least);
}
#endif

/// Whether all are from `least` to `most`, going up and around from the largest to 0.
template <class T>
bool within(std::span<const T> values, T least, T most) {
  return farthest_of(values, least) <= static_cast<T>(most - least);
}

template <class T>
std::optional<std::size_t> first_invalid(std::span<const T> values, const WholeNumbers& allowed) {
  constexpr T kLargest = std::numeric_limits<T>::max();
  const bool none = allowed.most < allowed.least && !allowed.sentinel;
  const bool good = !none &&
                    within(values, allowed.sentinel ? kLargest : static_cast<T>(allowed.least),
                           static_cast<T>(allowed.most)) &&
                    !(allowed.barred && contains(values, static_cast<T>(*allowed.barred)));
  if (good) return std::nullopt;
  const auto at =
      std::ranges::find_if_not(values, [&](T value) { return allowed.allows(value, kLargest); });
  return at == values.end() ? std::nullopt : std::optional(at - values.begin());
}

std::optional<std::size_t> first_invalid(std::span<const float> values, const Floats& allowed) {
  unsigned outside = 0;
  for (const float value : values) {
    outside |= static_cast<unsigned>(!((value >= allowed.least) & (value <= allowed.most)));
  }
  if (outside == 0) return std::nullopt;
  const auto at =
      std::ranges::find_if_not(values, [&](float value) { return allowed.allows(value); });
  return static_cast<std::size_t>(at - values.begin());
}

/// The shortest text that reads back as the value.
template <class T>
std::string text_of(T value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

template <class T, class Allowed>
std::optional<std::string> invalid_in(const Field& field, const Batch& batch, std::size_t column,
                                      const Allowed& allowed) {
  const std::span<const T> values = batch.values<T>(column);
  const auto at = first_invalid(values, allowed);
  if (!at) return std::nullopt;
  const std::uint64_t sample = batch.range.first + *at / field.values_per_sample();
  return field.name + " of " + std::string(to_string(batch.range.split)) + " sample " +
         std::to_string(sample) + " is " + text_of(values[*at]) + ": " + allowed.words;
}

}  // namespace

std::optional<std::string> invalid_value(const StreamMeta& meta, const Batch& batch) {
  for (std::size_t i = 0; i < meta.schema.fields.size(); ++i) {
    const Field& field = meta.schema.fields[i];
    const auto found = [&]() -> std::optional<std::string> {
      if (field.wire == WireType::kF32) {
        return invalid_in<float>(field, batch, i, floats(field.role));
      }
      const WholeNumbers allowed = whole_numbers(meta, field, batch.range.split);
      switch (field.wire) {
        case WireType::kU8: return invalid_in<std::uint8_t>(field, batch, i, allowed);
        case WireType::kU16: return invalid_in<std::uint16_t>(field, batch, i, allowed);
        default: return invalid_in<std::uint32_t>(field, batch, i, allowed);
      }
    }();
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace millrace::proto
