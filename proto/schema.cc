// Names and sizes of types, and the check of a schema.
#include "proto/schema.h"

#include <set>
#include <stdexcept>

namespace millrace::proto {

std::string_view to_string(WireType type) {
  switch (type) {
    case WireType::kU8: return "u8";
    case WireType::kU16: return "u16";
    case WireType::kU32: return "u32";
    case WireType::kF32: return "f32";
  }
  return "?";
}

std::string_view to_string(LogicalType type) {
  switch (type) {
    case LogicalType::kI64: return "i64";
    case LogicalType::kF32: return "f32";
  }
  return "?";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kInput: return "input";
    case Role::kTarget: return "target";
    case Role::kTime: return "time";
    case Role::kPrefix: return "prefix";
    case Role::kWeight: return "weight";
    case Role::kStage: return "stage";
  }
  return "?";
}

std::size_t width(WireType type) {
  switch (type) {
    case WireType::kU8: return 1;
    case WireType::kU16: return 2;
    case WireType::kU32: return 4;
    case WireType::kF32: return 4;
  }
  throw std::logic_error("no such wire type");
}

std::uint64_t largest(WireType type) {
  if (type == WireType::kF32) {
    throw std::logic_error("f32 has no largest value that could be a sentinel");
  }
  return (std::uint64_t{1} << (8 * width(type))) - 1;
}

WireType narrowest(std::uint64_t values, bool sentinel) {
  const std::uint64_t needed = values + (sentinel ? 1 : 0);
  for (const WireType type : {WireType::kU8, WireType::kU16, WireType::kU32}) {
    if (needed <= largest(type) + 1) return type;
  }
  throw std::invalid_argument("no wire type holds " + std::to_string(values) + " values");
}

std::size_t Field::values_per_sample() const {
  std::size_t values = 1;
  for (const std::uint32_t extent : shape) values *= extent;
  return values;
}

std::size_t Field::bytes_per_sample() const { return values_per_sample() * width(wire); }

std::size_t Schema::bytes_per_sample() const {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.bytes_per_sample();
  return bytes;
}

int Schema::find(Role role) const {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].role == role) return static_cast<int>(i);
  }
  return -1;
}

namespace {

void check_field(const Field& field) {
  const std::string name = "field '" + field.name + "'";
  if (field.name.empty()) throw std::invalid_argument("a field has no name");
  if (to_string(field.wire) == "?") throw std::invalid_argument(name + " has an unknown wire type");
  if (to_string(field.logical) == "?") {
    throw std::invalid_argument(name + " has an unknown logical type");
  }
  if (to_string(field.role) == "?") {
    throw std::invalid_argument(name + " has an unknown role");
  }
  if (field.sentinel && field.wire == WireType::kF32) {
    throw std::invalid_argument(name + " is f32 and has no sentinel");
  }
  if (field.wire == WireType::kF32 && field.logical == LogicalType::kI64) {
    throw std::invalid_argument(name + " is f32 on the wire and whole in the trainer");
  }
  std::size_t bytes = width(field.wire);
  for (const std::uint32_t extent : field.shape) {
    if (extent == 0) throw std::invalid_argument(name + " has a zero in its shape");
    if (extent > kMaxSampleBytes / bytes) {
      throw std::invalid_argument(name + " is larger than 64 MiB a sample");
    }
    bytes *= extent;
  }
  const bool is_byte = field.wire == WireType::kU8 && field.values_per_sample() == 1;
  if (field.role == Role::kStage && !is_byte) {
    throw std::invalid_argument(name + " is a stage and not one u8");
  }
}

}  // namespace

void check(const Schema& schema) {
  if (schema.fields.empty()) throw std::invalid_argument("the schema has no field");
  if (schema.fields.size() > kMaxFields) {
    throw std::invalid_argument("the schema has more than 32 fields");
  }
  std::set<std::string> names;
  for (const Field& field : schema.fields) {
    check_field(field);
    if (!names.insert(field.name).second) {
      throw std::invalid_argument("the schema has two fields '" + field.name + "'");
    }
  }
  if (schema.bytes_per_sample() > kMaxSampleBytes) {
    throw std::invalid_argument("a sample is larger than 64 MiB");
  }
}

}  // namespace millrace::proto
