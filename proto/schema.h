// A sample's schema: its named fields, in the order in which they are sent and digested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::proto {

/// The type of a value in messages and files: little-endian, the narrowest that holds the
/// vocabulary and the sentinel.
enum class WireType : std::uint8_t { kU8 = 1, kU16 = 2, kU32 = 3, kF32 = 4 };
/// The type of a value on the trainer's device.
enum class LogicalType : std::uint8_t { kI64 = 1, kF32 = 2 };
/// What a field is for, which decides its values (batch_values.h).
enum class Role : std::uint8_t {
  kInput = 1,
  kTarget = 2,
  kTime = 3,
  kPrefix = 4,
  kWeight = 5,  ///< reserved: no provider of the tree makes it, and no objective reads it
  kStage = 6
};

[[nodiscard]] std::string_view to_string(WireType type);
[[nodiscard]] std::string_view to_string(LogicalType type);
[[nodiscard]] std::string_view to_string(Role role);

/// Bytes of one value on the wire.
[[nodiscard]] std::size_t width(WireType type);
/// The largest value of an integer wire type; for kF32 it throws std::logic_error.
[[nodiscard]] std::uint64_t largest(WireType type);
/// The narrowest integer type that holds 0 … values − 1, and one value more for the sentinel if
/// asked. Throws std::invalid_argument where no type does.
[[nodiscard]] WireType narrowest(std::uint64_t values, bool sentinel);

/// One named value or array of a sample. A batch of n samples holds the field as one column: a
/// contiguous array [n, …shape].
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

/// The fields of a sample, in order.
struct Schema {
  std::vector<Field> fields;

  [[nodiscard]] std::size_t bytes_per_sample() const;
  /// Index of the first field with this role, or −1.
  [[nodiscard]] int find(Role role) const;
  bool operator==(const Schema&) const = default;
};

/// Throws std::invalid_argument naming the field and the reason if the schema cannot be used: no
/// field, a name that is empty or used twice, an unknown type or role, an f32 with a sentinel or as
/// i64, a stage that is not one u8, a zero in a shape, more than kMaxFields fields, or more than
/// kMaxSampleBytes bytes a sample.
void check(const Schema& schema);

inline constexpr std::size_t kMaxFields = 32;
inline constexpr std::size_t kMaxSampleBytes = std::size_t{64} << 20;

}  // namespace millrace::proto
