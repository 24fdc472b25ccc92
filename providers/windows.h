// Where the samples of a split lie in the datasets, by index: the clean tokens that every provider of windows corrupts in its way.
//
// Train never ends; val and test hold every window once per pass, in an order of that pass. Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <span>

#include "config/options.h"
#include "datasets/dataset.h"
#include "proto/types.h"
#include "providers/philox.h"

namespace millrace::providers {

class Windows {
 public:
  /// Windows of `length` tokens. Throws std::runtime_error where a split that has tokens holds no window.
  Windows(datasets::Datasets datasets, const config::Options& options, std::uint32_t length);

  [[nodiscard]] const datasets::Datasets& datasets() const { return datasets_; }

  /// Windows of one pass over val or test; proto::kEndless for train; 0 for a split that the datasets lack.
  [[nodiscard]] std::uint64_t size(proto::Split split) const;

  /// Writes the tokens of sample `index`, whose own random words are `draws` (Purpose::kStart is read). out.size() may be more
  /// than the window's length by one where `length` was said so.
  template <class Token>
  void read(proto::Split split, std::uint64_t index, const Draws& draws, std::span<Token> out) const {
    const Place place = place_of(split, index, draws);
    place.text->read(split, place.first, out);
  }

 private:
  struct Place {
    const datasets::TokenText* text;
    std::uint64_t first;
  };
  [[nodiscard]] Place place_of(proto::Split split, std::uint64_t index, const Draws& draws) const;
  [[nodiscard]] std::uint64_t count(proto::Split split) const;

  datasets::Datasets datasets_;
  std::uint64_t seed_;
  std::uint32_t length_;
  bool at_lines_;
};

}  // namespace millrace::providers
