// Ordering the tokens of a chunk, and selecting from that order.
#include "annotation/selection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace millrace::annotation {
namespace {

constexpr std::size_t kLabels = 8;  // 1 to 7; 0 is unused
constexpr float kRepeatableAbove = 1;
constexpr float kKeyFrom = -1;

bool may_repeat(Selection selection, float score) {
  return selection == Selection::kKeybertNoStopword && score > kRepeatableAbove;
}
bool is_key(Selection selection, float score) {
  return selection == Selection::kConstituency || score >= kKeyFrom;
}

/// 64 bytes, each 0 or 1, as 64 bits: byte k becomes bit k.
std::uint64_t bits_of(const std::uint8_t* flags) {
  static_assert(std::endian::native == std::endian::little,
                "the lowest byte of eight is the first");
  std::uint64_t bits = 0;
  for (unsigned at = 0; at < 64; at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, flags + at, sizeof eight);
    bits |= (eight * 0x0102040810204080) >> 56 << at;  // byte k's bit moves to bit 56 + k
  }
  return bits;
}

}  // namespace

std::string_view to_string(Selection selection) {
  return selection == Selection::kConstituency ? "constituency" : "keybert_no_stopword";
}

std::optional<Selection> selection_from(std::string_view name) {
  for (const Selection each : {Selection::kConstituency, Selection::kKeybertNoStopword}) {
    if (to_string(each) == name) return each;
  }
  return std::nullopt;
}

Picker::Picker(Selection selection, std::uint32_t vocab_size)
    : selection_(selection), seen_in_(vocab_size) {}

bool Picker::is_new(std::uint32_t token) {
  if (seen_in_[token] == chunk_) return false;
  seen_in_[token] = chunk_;
  return true;
}

// Sorts positions by score, then position: labels by counting, similarities by a stable sort.
void Picker::sort(std::span<const float> scores) {
  sorted_.resize(scores.size());
  if (selection_ == Selection::kKeybertNoStopword) {
    std::iota(sorted_.begin(), sorted_.end(), std::uint16_t{0});
    std::ranges::stable_sort(
        sorted_, [&](std::uint16_t a, std::uint16_t b) { return scores[a] > scores[b]; });
    return;
  }
  std::array<std::uint32_t, kLabels + 1> starts{};
  for (const float score : scores) ++starts[static_cast<std::size_t>(score) + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  for (std::size_t position = 0; position < scores.size(); ++position) {
    sorted_[starts[static_cast<std::size_t>(scores[position])]++] =
        static_cast<std::uint16_t>(position);
  }
}

Capacity Picker::pick(std::span<const std::uint32_t> tokens, std::span<const float> scores,
                      std::span<std::uint16_t> order) {
  if (++chunk_ == 0) {  // the number wrapped: marks of 2^32 chunks ago would count again
    std::ranges::fill(seen_in_, 0);
    chunk_ = 1;
  }
  sort(scores);
  Capacity capacity;
  static thread_local std::vector<std::uint16_t> left;
  left.clear();
  for (const std::uint16_t position : sorted_) {
    const float score = scores[position];
    const bool fresh = is_new(tokens[position]);
    if (fresh || may_repeat(selection_, score)) {
      order[capacity.picks++] = position;
      if (is_key(selection_, score)) ++capacity.keys;
    } else {
      left.push_back(position);
    }
  }
  std::ranges::sort(left);
  std::ranges::copy(left, order.begin() + capacity.picks);
  return capacity;
}

// Positions are marked in bytes, as writes of bits would depend on each other, and read as bits, as
// a loop over set bits mispredicts fewer branches.
template <class Position>
void select(std::span<const Position> order, std::size_t count,
            std::span<std::uint16_t> positions) {
  static thread_local std::vector<std::uint8_t> picked;
  constexpr std::size_t kBits = 64;
  if (count > order.size()) throw std::out_of_range("more picks than the chunk has tokens");
  picked.assign((order.size() + kBits - 1) / kBits * kBits, 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (order[i] >= order.size()) throw std::out_of_range("a pick beyond its chunk");
    picked[order[i]] = 1;
  }
  std::size_t taken = 0;
  for (std::size_t first = 0; first < picked.size(); first += kBits) {
    for (std::uint64_t bits = bits_of(picked.data() + first); bits != 0; bits &= bits - 1) {
      positions[taken++] =
          static_cast<std::uint16_t>(first + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
  if (taken != count) throw std::out_of_range("a chunk picks one position twice");
}

template void select(std::span<const std::uint8_t>, std::size_t, std::span<std::uint16_t>);
template void select(std::span<const std::uint16_t>, std::size_t, std::span<std::uint16_t>);

}  // namespace millrace::annotation
