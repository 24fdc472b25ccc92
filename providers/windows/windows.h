// Where the samples of a split lie in the datasets, by index: the clean tokens that every provider
// of windows corrupts in its way.
//
// Train never ends, and mixes its datasets as their weights say (providers/windows/mixture.h); val
// and test hold every window of every dataset once per pass, in an order of that pass. Immutable,
// so any thread may use one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/options.h"
#include "datasets/dataset.h"
#include "proto/types.h"
#include "providers/random/philox.h"
#include "providers/windows/mixture.h"
#include "providers/windows/text_windows.h"

namespace millrace::providers {

/// A window's dataset, by its number, and its first token's position in the split.
struct WindowRef {
  std::size_t part = 0;
  std::uint64_t first = 0;
  bool operator==(const WindowRef&) const = default;
};

class Windows {
 public:
  /// Windows of `length` tokens, read with `ahead` more. Throws config::UsageError for a length
  /// that cannot be, std::runtime_error where a split that has tokens holds no window.
  Windows(datasets::Datasets datasets, const config::Options& options, std::uint32_t length,
          std::uint32_t ahead = 0);

  [[nodiscard]] const datasets::Datasets& datasets() const { return datasets_; }

  /// Windows of one pass over val or test; proto::kEndless for train; 0 for a split that the
  /// datasets lack.
  [[nodiscard]] std::uint64_t size(proto::Split split) const;

  /// Samples of an epoch of train: as many as the datasets' epochs have together.
  [[nodiscard]] std::uint64_t epoch_samples() const;

  /// Where sample `index` lies, whose own random words are `draws` (Purpose::kStart is read).
  [[nodiscard]] WindowRef place(proto::Split split, std::uint64_t index,
                                const PhiloxStream& draws) const;

  /// Another window of train of the same dataset as the train window `place`, from any position,
  /// drawn from words 0 and 1 of Purpose::kFragment; empty where the dataset has no other.
  [[nodiscard]] std::optional<WindowRef> elsewhere(const WindowRef& place,
                                                   const PhiloxStream& draws) const;

  /// Writes the window's length + ahead tokens: out has as many.
  template <class Token>
  void read(proto::Split split, const WindowRef& place, std::span<Token> out) const {
    parts_[place.part].text().read(split, place.first, out);
  }

  /// The same of sample `index`.
  template <class Token>
  void read(proto::Split split, std::uint64_t index, const PhiloxStream& draws,
            std::span<Token> out) const {
    read(split, place(split, index, draws), out);
  }

 private:
  datasets::Datasets datasets_;
  std::uint64_t seed_;
  WindowShape shape_;
  std::vector<TextWindows> parts_;
  std::optional<Mixture> mixture_;  ///< of several datasets
};

}  // namespace millrace::providers
