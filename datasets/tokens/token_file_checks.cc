// The patterns of ids that are read with a wrong width (token_file_checks.h).
#include "datasets/tokens/token_file_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

#include "datasets/io/file_kinds.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

constexpr std::size_t kFewest = 32;
constexpr std::uint32_t kHighHalf = 16;    // above the upper halves of ids below a million
constexpr std::uint32_t kLargeLow = 4096;  // ids that fill their lower half
constexpr std::uint32_t kHighByte = 64;
constexpr std::size_t kFewestBytes = 256;

/// The largest ids at the positions i with i % 4 == 0, 1, 2, 3.
template <class Id>
std::array<std::uint32_t, 4> largest_by_place(std::span<const Id> ids) {
  std::array<std::uint32_t, 4> largest{};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    largest[i % 4] = std::max<std::uint32_t>(largest[i % 4], ids[i]);
  }
  return largest;
}

/// Whether both halves of 16 bits look like an id each, of a vocabulary below 128.
bool are_bytes(std::span<const std::uint16_t> ids) {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (const std::uint16_t id : ids) {
    low = std::max<std::uint32_t>(low, id & 0xFFU);
    high = std::max<std::uint32_t>(high, id >> 8U);
  }
  return ids.size() >= kFewestBytes && low < 0x80 && high < 0x80 && high > 0 && high >= low / 2;
}

template <class Number>
std::span<const Number> as(std::string_view bytes) {
  return {reinterpret_cast<const Number*>(bytes.data()), bytes.size() / sizeof(Number)};
}

template <class Float>
bool are_floats(std::span<const Float> numbers) {
  constexpr Float kLeast = Float(1e-6);
  constexpr Float kMost = Float(1e6);
  if (numbers.size() < kFewest) return false;
  const auto is_usual = [](Float x) {
    return x == 0 || (std::abs(x) >= kLeast && std::abs(x) <= kMost);
  };
  return std::ranges::all_of(numbers, is_usual) &&
         std::ranges::any_of(numbers, [](Float x) { return x != 0; });
}

std::string numpy_conversion(std::string_view from, int read_bits) {
  return "write them with " + std::to_string(read_bits) +
         " bits, e.g. in Python with numpy.fromfile(FILE, '" + std::string(from) + "').astype('<u" +
         std::to_string(read_bits / 8) + "').tofile(NEW)";
}

std::string if_right(int read_bits) {
  return ", or say in a meta.json beside it {\"dtype\": \"uint" + std::to_string(read_bits) +
         "\"} if they are right";
}

std::string advice(int bits, int read_bits) {
  const std::string seem = "its ids seem to have " + std::to_string(bits) +
                           " bits, and would be read as " + std::to_string(read_bits) + "; ";
  if (bits == 32) {
    return seem +
           "say so in a meta.json beside it, {\"dtype\": \"uint32\"}, or {\"dtype\": \"uint" +
           std::to_string(read_bits) + "\"} if they are right";
  }
  return seem + numpy_conversion(bits == 8 ? "u1" : "<i8", read_bits) + if_right(read_bits);
}

/// What is wrong with ids that are read as Id; empty where nothing seems wrong.
template <class Id>
std::optional<std::string> fault_of(std::string_view bytes) {
  constexpr int kBits = 8 * sizeof(Id);
  if (const auto bits = float_width(bytes)) {
    return "it seems to hold floating-point numbers of " + std::to_string(*bits) +
           " bits, not token ids; " + numpy_conversion(*bits == 32 ? "<f4" : "<f8", kBits) +
           if_right(kBits);
  }
  if (const auto bits = swapped_width(as<Id>(bytes))) {
    return "its ids of " + std::to_string(*bits) +
           " bits seem to have the most significant byte first; " +
           numpy_conversion(*bits == 16 ? ">u2" : ">u4", kBits) + if_right(kBits);
  }
  if (const auto bits = other_width(as<Id>(bytes))) return advice(*bits, kBits);
  return std::nullopt;
}

}  // namespace

std::optional<int> other_width(std::span<const std::uint16_t> ids) {
  if (ids.size() < kFewest) return std::nullopt;
  const auto [a, b, c, d] = largest_by_place(ids);
  if (a > 0 && b < kHighHalf && c == 0 && d == 0) return 64;
  const std::uint32_t low = std::max(a, c);
  const std::uint32_t high = std::max(b, d);
  if ((low > 0 && high == 0) || (low >= kLargeLow && high < kHighHalf)) return 32;
  return are_bytes(ids) ? std::optional(8) : std::nullopt;
}

std::optional<int> other_width(std::span<const std::uint32_t> ids) {
  if (ids.size() < kFewest) return std::nullopt;
  const auto [a, b, c, d] = largest_by_place(ids);
  return std::max(a, c) > 0 && b == 0 && d == 0 ? std::optional(64) : std::nullopt;
}

std::optional<int> swapped_width(std::span<const std::uint16_t> ids) {
  if (ids.size() < kFewest) return std::nullopt;
  const auto [a, b, c, d] = largest_by_place(ids);
  if (a == 0 && c == 0 && b + d > 0xFF) return 32;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (const std::uint16_t id : ids) {
    low = std::max<std::uint32_t>(low, id & 0xFFU);
    high = std::max<std::uint32_t>(high, id >> 8U);
  }
  // The upper halves of ids below 4096, read as the lower ones.
  const bool are_small = (low == 0 && high > 0) || (low < kHighHalf && high >= kHighByte);
  return are_small ? std::optional(16) : std::nullopt;
}

std::optional<int> swapped_width(std::span<const std::uint32_t> ids) {
  if (ids.size() < kFewest) return std::nullopt;
  const auto has_low_byte = [](std::uint32_t id) { return (id & 0xFFU) != 0; };
  const bool are_small = std::ranges::none_of(ids, has_low_byte) && std::ranges::max(ids) > 0;
  return are_small ? std::optional(32) : std::nullopt;
}

std::optional<int> float_width(std::string_view bytes) {
  const bool are_wide = are_floats(as<double>(bytes));
  // Of whole numbers with 64 bits the lower half is 0, and the upper one looks like one with 32.
  const auto [a, b, c, d] = largest_by_place(as<std::uint32_t>(bytes));
  if (are_wide && a == 0 && c == 0) return 64;
  if (are_floats(as<float>(bytes))) return 32;
  return are_wide ? std::optional(64) : std::nullopt;
}

void check_token_file(const std::filesystem::path& path, proto::WireType width, bool is_known) {
  const auto read = proto::real_disk().read(path, kBeginningBytes);
  if (!read) return;  // whoever maps it says so
  const std::string_view beginning = proto::text(read->bytes);
  if (const auto why = not_token_ids(beginning)) {
    throw std::runtime_error(path.string() + ": " + *why);
  }
  if (is_known) return;
  const auto fault = width == proto::WireType::kU16 ? fault_of<std::uint16_t>(beginning)
                                                    : fault_of<std::uint32_t>(beginning);
  if (fault) throw std::runtime_error(path.string() + ": " + *fault);
}

}  // namespace millrace::datasets
