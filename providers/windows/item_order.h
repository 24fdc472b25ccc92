// Maps a sample's index to one of n items, such as the chunks of the cascade. The items of train
// come first, then those of val, then those of test.
//
//   random      every train sample draws an item, with replacement (words 0 and 1 of kStart)
//   shuffle     each item once per epoch, in a permutation of that epoch (kOrder; index = epoch)
//   sequential  each item once per epoch, in order
//
// val and test: each item once per pass, in a permutation of that pass. Immutable and thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "config/options.h"
#include "proto/types.h"
#include "providers/random/philox.h"

namespace millrace::providers {

/// data.order: the order of train.
enum class Order : std::uint8_t { kRandom, kShuffle, kSequential };
[[nodiscard]] Order order_of(const config::DataOptions& options);

class ItemOrder {
 public:
  /// val has floor(count · val_fraction) items, test floor(count · test_fraction), with fractions
  /// rounded to 1e-9.
  ItemOrder(const config::DataOptions& options, std::uint64_t count);

  /// Number of items of the split.
  [[nodiscard]] std::uint64_t items(proto::Split split) const {
    return counts_[static_cast<std::size_t>(split)];
  }

  /// The item of sample `index` of the split, below the count of all items. `draws` are the
  /// sample's random words. The split must have items.
  [[nodiscard]] std::uint64_t item(proto::Split split, std::uint64_t index,
                                   const PhiloxStream& draws) const;

 private:
  std::uint64_t seed_;
  Order order_;
  std::array<std::uint64_t, proto::kSplitCount> counts_{};
  std::array<std::uint64_t, proto::kSplitCount> firsts_{};
};

}  // namespace millrace::providers
