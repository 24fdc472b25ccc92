// The patterns of ids that are read with a wrong width (token_file_checks.h).
#include "datasets/tokens/token_file_checks.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/io/file_kinds.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

constexpr std::size_t kFewest = 32;
constexpr std::uint32_t kHighHalf = 16;    // above the upper halves of ids below a million
constexpr std::uint32_t kLargeLow = 4096;  // ids that fill their lower half
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

template <class Id>
std::optional<int> other_width_of(std::string_view bytes) {
  return other_width(
      std::span(reinterpret_cast<const Id*>(bytes.data()), bytes.size() / sizeof(Id)));
}

std::string advice(int bits, int read_bits) {
  const std::string narrow = "'<u" + std::to_string(read_bits / 8) + "'";
  const std::string as_read =
      "{\"dtype\": \"uint" + std::to_string(read_bits) + "\"} if they are right";
  const std::string seem = "its ids seem to have " + std::to_string(bits) +
                           " bits, and would be read as " + std::to_string(read_bits) + "; ";
  if (bits == 32) {
    return seem + "say so in a meta.json beside it, {\"dtype\": \"uint32\"}, or " + as_read;
  }
  return seem + "write them with " + std::to_string(read_bits) +
         ", e.g. in Python with numpy.fromfile(FILE, '" + (bits == 8 ? "u1" : "<i8") +
         "').astype(" + narrow + ").tofile(NEW), or say in a meta.json beside it " + as_read;
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

void check_token_file(const std::filesystem::path& path, proto::WireType width, bool is_known) {
  const auto read = proto::real_disk().read(path, kBeginningBytes);
  if (!read) return;  // whoever maps it says so
  const std::string_view beginning = proto::text(read->bytes);
  if (const auto why = not_token_ids(beginning)) {
    throw std::runtime_error(path.string() + ": " + *why);
  }
  if (is_known) return;
  const bool is_narrow = width == proto::WireType::kU16;
  const auto bits = is_narrow ? other_width_of<std::uint16_t>(beginning)
                              : other_width_of<std::uint32_t>(beginning);
  if (bits) throw std::runtime_error(path.string() + ": " + advice(*bits, is_narrow ? 16 : 32));
}

}  // namespace millrace::datasets
