// Divides items among splits, and orders them by permutations (item_order.h).
#include "providers/windows/item_order.h"

#include "datasets/io/fixed_point.h"
#include "providers/random/permutation.h"

namespace millrace::providers {
namespace {

std::uint64_t share(std::uint64_t count, double fraction) {
  // count / kNano is below 2^35, so neither product overflows.
  const std::uint64_t nano = datasets::in_nano(fraction);
  return count / datasets::kNano * nano + count % datasets::kNano * nano / datasets::kNano;
}

}  // namespace

Order order_of(const config::DataOptions& options) {
  if (options.order == "random") return Order::kRandom;
  return options.order == "shuffle" ? Order::kShuffle : Order::kSequential;
}

ItemOrder::ItemOrder(const config::DataOptions& options, std::uint64_t count)
    : seed_(options.data_seed), order_(order_of(options)) {
  const std::uint64_t val = share(count, options.val_fraction);
  const std::uint64_t test = share(count, options.test_fraction);
  counts_ = {count - val - test, val, test};
  firsts_ = {0, count - val - test, count - test};
}

std::uint64_t ItemOrder::item(proto::Split split, std::uint64_t index,
                              const PhiloxStream& draws) const {
  const std::uint64_t count = items(split);
  const std::uint64_t first = firsts_[static_cast<std::size_t>(split)];
  if (split == proto::Split::kTrain && order_ == Order::kRandom) {
    return first + draws.below(Purpose::kStart, count);
  }
  if (split == proto::Split::kTrain && order_ == Order::kSequential) return first + index % count;
  const PhiloxStream pass_draws(seed_, split, 0, index / count);
  return first + permuted(pass_draws, Purpose::kOrder, count, index % count);
}

}  // namespace millrace::providers
