// The rounds of sticky masking: weights, keys, the smallest keys win.
#include "providers/sticky_masking.h"

#include <algorithm>
#include <cassert>

#include "providers/fixed_math.h"
#include "datasets/fixed_point.h"

namespace millrace::providers {
namespace {

using datasets::in_nano;
using datasets::kNano;

constexpr std::size_t kRoundsAtLeast = 8;  // a round takes at most length / 8 positions

struct Candidate {
  double key;
  std::uint32_t position;
  bool operator<(const Candidate& other) const { return key != other.key ? key < other.key : position < other.position; }
};

/// Memory of one thread, kept from sample to sample.
struct Scratch {
  std::vector<double> weights;
  std::vector<double> keys;
  std::vector<Candidate> candidates;
};

/// p1 or p2 for unselected positions, 0 for selected ones. Says whether a weight is positive.
bool weigh(std::span<const std::uint8_t> selected, double p1, double p2, std::span<double> weights) {
  const std::size_t last = selected.size() - 1;
  bool any = false;
  for (std::size_t j = 0; j <= last; ++j) {
    const bool neighbour = (j > 0 && selected[j - 1] != 0) || (j < last && selected[j + 1] != 0);
    weights[j] = selected[j] != 0 ? 0.0 : (neighbour ? p2 : p1);
    any |= weights[j] > 0;
  }
  return any;
}

void weigh_alike(std::span<const std::uint8_t> selected, std::span<double> weights) {
  for (std::size_t j = 0; j < selected.size(); ++j) weights[j] = selected[j] != 0 ? 0.0 : 1.0;
}

/// −ln((word + 1)/2^32), to be divided by the weight.
void exponential_clocks(std::span<const std::uint32_t> words, std::span<double> keys) {
  constexpr double kWordUnit = 1.0 / 4294967296.0;
  for (std::size_t j = 0; j < words.size(); ++j) keys[j] = -fixed_log(small_to_double(std::uint64_t{words[j]} + 1) * kWordUnit);
}

void list_candidates(std::span<const double> weights, std::span<const double> keys, std::vector<Candidate>& candidates) {
  candidates.clear();
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] > 0) candidates.push_back({keys[j] / weights[j], static_cast<std::uint32_t>(j)});
  }
}

/// Selects the `count` smallest keys, or all of them where there are fewer; returns how many.
std::size_t take_smallest(std::vector<Candidate>& candidates, std::size_t count, std::span<std::uint8_t> selected) {
  count = std::min(count, candidates.size());
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  if (end != candidates.end()) std::nth_element(candidates.begin(), end, candidates.end());
  for (auto it = candidates.begin(); it != end; ++it) selected[it->position] = 1;
  return count;
}

}  // namespace

StickyMasking::StickyMasking(double target_masked_ratio, double p1_probability, double p2_probability)
    : target_nano_(std::max(in_nano(target_masked_ratio), std::uint64_t{target_masked_ratio > 0 ? 1U : 0U})),
      p1_(p1_probability),
      p2_(p2_probability) {}

std::size_t StickyMasking::count_for(std::size_t length) const { return (target_nano_ * length + kNano - 1) / kNano; }

void StickyMasking::select(const Draws& draws, std::span<std::uint8_t> selected) const {
  static thread_local Scratch scratch;
  const std::size_t length = selected.size();
  assert(length > 0);
  scratch.weights.resize(length);
  scratch.keys.resize(length);

  std::fill(selected.begin(), selected.end(), std::uint8_t{0});
  std::size_t need = count_for(length);
  for (std::uint64_t round = 0; need > 0; ++round) {
    if (!weigh(selected, p1_, p2_, scratch.weights)) weigh_alike(selected, scratch.weights);
    exponential_clocks(draws.words(Purpose::kSelect, round * length, length), scratch.keys);
    list_candidates(scratch.weights, scratch.keys, scratch.candidates);
    need -= take_smallest(scratch.candidates, std::min(need, std::max<std::size_t>(1, length / kRoundsAtLeast)), selected);
  }
}

}  // namespace millrace::providers
