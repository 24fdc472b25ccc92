// A round of sticky masking by its definition.
#include "providers/masking/sticky_keys.h"

#include <algorithm>

namespace millrace::providers {
namespace {

/// Writes the weights: p1 or p2 at unselected positions, 0 at selected ones. Returns whether any is
/// positive.
bool write_weights(std::span<const std::uint8_t> selected, double p1, double p2,
                   std::span<double> weights) {
  const std::size_t last = selected.size() - 1;
  bool any = false;
  for (std::size_t j = 0; j <= last; ++j) {
    const bool neighbour = (j > 0 && selected[j - 1] != 0) || (j < last && selected[j + 1] != 0);
    weights[j] = selected[j] != 0 ? 0.0 : (neighbour ? p2 : p1);
    any |= weights[j] > 0;
  }
  return any;
}

void write_equal_weights(std::span<const std::uint8_t> selected, std::span<double> weights) {
  for (std::size_t j = 0; j < selected.size(); ++j) weights[j] = selected[j] != 0 ? 0.0 : 1.0;
}

}  // namespace

std::size_t take_smallest(std::vector<Candidate>& candidates, std::size_t count,
                          std::span<std::uint8_t> selected) {
  count = std::min(count, candidates.size());
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  if (end != candidates.end()) std::nth_element(candidates.begin(), end, candidates.end());
  for (auto it = candidates.begin(); it != end; ++it) selected[it->position] = 1;
  return count;
}

std::size_t round_by_keys(double p1, double p2, std::span<const std::uint32_t> words,
                          std::size_t count, std::span<std::uint8_t> selected) {
  static thread_local std::vector<double> weights;
  static thread_local std::vector<Candidate> candidates;
  weights.resize(selected.size());
  if (!write_weights(selected, p1, p2, weights)) write_equal_weights(selected, weights);
  candidates.clear();
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] > 0) {
      candidates.push_back(
          {exponential_clock(words[j]) / weights[j], static_cast<std::uint32_t>(j)});
    }
  }
  return take_smallest(candidates, count, selected);
}

}  // namespace millrace::providers
