#include "tools/token_cut.h"

#include <array>
#include <stdexcept>

#include "datasets/fixed_point.h"

namespace millrace::tools {
namespace {

using datasets::kNano;

/// floor(n · parts / 1e9) without an overflow.
std::uint64_t share_of(std::uint64_t n, std::uint64_t parts) { return n / kNano * parts + n % kNano * parts / kNano; }

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

/// Bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::uint64_t count) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (starts_character(text[at]) && count-- == 0) return at;
  }
  return text.size();
}

std::uint64_t count_characters(std::string_view text) {
  std::uint64_t count = 0;
  for (const char byte : text) count += starts_character(byte) ? 1 : 0;
  return count;
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a < b ? b - a : a - b; }

/// The document whose start is nearest to `wanted` bytes; the number of documents stands for the end.
std::uint64_t nearest_start(const TextSource& source, std::uint64_t wanted) {
  std::uint64_t start = 0;
  for (std::uint64_t i = 0; i < source.count; ++i) {
    const std::uint64_t end = start + source.document(i).size();
    if (distance(start, wanted) <= distance(end, wanted)) return i;
    start = end;
  }
  return source.count;
}

std::uint64_t total_bytes(const TextSource& source, std::uint64_t first, std::uint64_t last) {
  std::uint64_t bytes = 0;
  for (std::uint64_t i = first; i < last; ++i) bytes += source.document(i).size();
  return bytes;
}

/// Where val and test begin, between 0 and the end: bytes of the only document, or documents of several.
using Bounds = std::array<std::uint64_t, proto::kSplitCount + 1>;

Bounds bounds_of_one(std::string_view text, std::uint64_t before_val, std::uint64_t before_test) {
  const std::uint64_t total = count_characters(text);
  return {0, bytes_of(text, share_of(total, before_val)), bytes_of(text, share_of(total, before_test)), text.size()};
}

Bounds bounds_of_several(const TextSource& source, std::uint64_t before_val, std::uint64_t before_test) {
  const std::uint64_t total = total_bytes(source, 0, source.count);
  return {0, nearest_start(source, share_of(total, before_val)), nearest_start(source, share_of(total, before_test)), source.count};
}

SplitText part_of_one(proto::Split split, const TextSource& source, std::uint64_t first, std::uint64_t last) {
  const auto document = [get = source.document, first, last](std::uint64_t) { return get(0).substr(first, last - first); };
  return {split, last > first ? 1U : 0U, last - first, document};
}

SplitText some_of_several(proto::Split split, const TextSource& source, std::uint64_t first, std::uint64_t last) {
  const auto document = [get = source.document, first](std::uint64_t i) { return get(first + i); };
  return {split, last - first, total_bytes(source, first, last), document};
}

[[noreturn]] void fail_empty(const TextSource& source, proto::Split split) {
  throw std::runtime_error(source.place + ": nothing is left for " + std::string(proto::to_string(split)) + " of its " +
                           std::to_string(source.count) + (source.count == 1 ? " document" : " documents") +
                           "; use more text, or other fractions in data.val_fraction and data.test_fraction");
}

}  // namespace

std::vector<SplitText> cut(const TextSource& source, double val_fraction, double test_fraction) {
  const std::array<std::uint64_t, proto::kSplitCount> shares{kNano, datasets::in_nano(val_fraction),
                                                             datasets::in_nano(test_fraction)};
  const std::uint64_t before_test = kNano - shares[2];
  const std::uint64_t before_val = before_test - shares[1];
  const bool is_one = source.count == 1;
  const Bounds bounds =
      is_one ? bounds_of_one(source.document(0), before_val, before_test) : bounds_of_several(source, before_val, before_test);

  std::vector<SplitText> splits;
  for (const proto::Split split : proto::kSplits) {
    const auto i = static_cast<std::size_t>(split);
    if (shares[i] == 0) continue;
    splits.push_back((is_one ? part_of_one : some_of_several)(split, source, bounds[i], bounds[i + 1]));
    if (splits.back().bytes == 0) fail_empty(source, split);
  }
  return splits;
}

}  // namespace millrace::tools
