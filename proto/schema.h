// What a sample looks like: its named columns, in the order in which they travel and are digested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::proto {

/// How a value travels: little-endian, the narrowest type that holds the vocabulary and the
/// sentinel.
enum class WireType : std::uint8_t { kU8 = 1, kU16 = 2, kU32 = 3, kF32 = 4 };
/// What the value is widened to on the trainer's device.
enum class LogicalType : std::uint8_t { kI64 = 1, kF32 = 2 };
enum class Role : std::uint8_t {
  kInput = 1,
  kTarget = 2,
  kTime = 3,
  kPrefix = 4,
  kWeight = 5,
  kStage = 6
};

[[nodiscard]] std::string_view to_string(WireType type);
[[nodiscard]] std::string_view to_string(LogicalType type);
[[nodiscard]] std::string_view to_string(Role role);

/// Bytes of one value on the wire.
[[nodiscard]] std::size_t width(WireType type);
/// The largest value of an integer wire type; for kF32 it throws std::logic_error.
[[nodiscard]] std::uint64_t largest(WireType type);
/// The narrowest integer type with `values` distinct values 0 … values − 1, and one more for the
/// sentinel if asked.
[[nodiscard]] WireType narrowest(std::uint64_t values, bool sentinel);

/// One column. A batch of n samples holds it as one contiguous array [n, …shape].
struct Field {
  std::string name;
  WireType wire = WireType::kU8;
  LogicalType logical = LogicalType::kI64;
  std::vector<std::uint32_t> shape;  ///< of one sample; empty: a single value
  Role role = Role::kInput;
  bool sentinel = false;  ///< the wire type's largest value stands for the stream's ignore_index

  [[nodiscard]] std::size_t values_per_sample() const;
  [[nodiscard]] std::size_t bytes_per_sample() const;
  bool operator==(const Field&) const = default;
};

struct Schema {
  std::vector<Field> fields;

  [[nodiscard]] std::size_t bytes_per_sample() const;
  /// The position of the first field with this role, or −1.
  [[nodiscard]] int find(Role role) const;
  bool operator==(const Schema&) const = default;
};

/// Throws std::invalid_argument with the field and the reason if the schema cannot be used: no
/// field, an unnamed or repeated name, a zero in a shape, more than kMaxFields fields or
/// kMaxSampleBytes bytes.
void check(const Schema& schema);

inline constexpr std::size_t kMaxFields = 32;
inline constexpr std::size_t kMaxSampleBytes = std::size_t{64} << 20;

}  // namespace millrace::proto
