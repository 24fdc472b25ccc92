// Which of n items, such as the chunks of the cascade, a sample is, by its index: the items of
// train first, then val's, then test's.
//
//   random      each train sample any item, drawn with replacement (words 0 and 1 of kStart)
//   shuffle     each once per epoch, in an order of that epoch (kOrder; index = epoch)
//   sequential  each once per epoch, in order
//
// val and test: each once, in an order of its own. Immutable, so any thread may use one.
#pragma once

#include <array>
#include <cstdint>

#include "config/options.h"
#include "proto/types.h"
#include "providers/random/philox.h"

namespace millrace::providers {

class ItemOrder {
 public:
  /// floor(count · val_fraction) and floor(count · test_fraction), counted in 1e-9, are val's and
  /// test's.
  ItemOrder(const config::DataOptions& options, std::uint64_t count);

  /// Items of the split.
  [[nodiscard]] std::uint64_t items(proto::Split split) const {
    return counts_[static_cast<std::size_t>(split)];
  }

  /// The item, below the count of all, that sample `index` of the split is; `draws` are the
  /// sample's. The split has items.
  [[nodiscard]] std::uint64_t item(proto::Split split, std::uint64_t index,
                                   const PhiloxStream& draws) const;

 private:
  enum class Order : std::uint8_t { kRandom, kShuffle, kSequential };
  static Order order_from(const std::string& name);

  std::uint64_t seed_;
  Order order_;
  std::array<std::uint64_t, proto::kSplitCount> counts_{};
  std::array<std::uint64_t, proto::kSplitCount> firsts_{};
};

}  // namespace millrace::providers
