// Interpolates weights, and divides samples by largest remainders (quotas.h).
#include "providers/windows/quotas.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "datasets/io/fixed_point.h"

namespace millrace::providers {
namespace {

constexpr double kMillion = 1e6;

double interpolated(const config::WeightPoint& a, const config::WeightPoint& b,
                    std::uint64_t sample) {
  const double along =
      static_cast<double>(sample - a.sample) / static_cast<double>(b.sample - a.sample);
  return a.weight + (b.weight - a.weight) * along;
}

}  // namespace

std::uint64_t weight_at(const std::vector<config::WeightPoint>& points, std::uint64_t sample) {
  const auto next = std::ranges::upper_bound(points, sample, {}, &config::WeightPoint::sample);
  double weight = 0;
  if (next == points.begin()) {
    weight = points.front().weight;
  } else if (next == points.end()) {
    weight = points.back().weight;
  } else {
    weight = interpolated(*std::prev(next), *next, sample);
  }
  return datasets::nearest_whole(weight * kMillion);
}

std::vector<std::uint16_t> apportion(std::uint16_t total, std::span<const std::uint64_t> weights) {
  const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::vector<std::uint16_t> shares;
  std::vector<std::uint64_t> remainders;
  std::uint32_t left = total;
  for (const std::uint64_t weight : weights) {
    shares.push_back(static_cast<std::uint16_t>(total * weight / sum));
    remainders.push_back(total * weight % sum);
    left -= shares.back();
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; i < left; ++i) ++shares[order[i]];
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0 || shares[i] > 0) continue;
    --*std::ranges::max_element(shares);
    ++shares[i];
  }
  return shares;
}

}  // namespace millrace::providers
