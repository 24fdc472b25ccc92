// Maps a sample's index to a window of the datasets: the clean tokens that providers corrupt.
//
// Train is endless and mixes the datasets by their weights (providers/windows/mixture.h). val and
// test have every window of every dataset once per pass, in a permutation of that pass. Immutable
// and thread-safe.
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

/// A window: the number of its dataset, and the position of its first token in the split.
struct WindowRef {
  std::size_t dataset = 0;
  std::uint64_t first = 0;
  bool operator==(const WindowRef&) const = default;
};

class Windows {
 public:
  /// Windows of `length` tokens, read with `ahead` more. Throws config::UsageError for a length
  /// outside [1, 2^20], std::runtime_error if a split with tokens has no window.
  Windows(datasets::Datasets datasets, const config::Options& options, std::uint32_t length,
          std::uint32_t ahead = 0);

  [[nodiscard]] const datasets::Datasets& datasets() const { return datasets_; }

  /// Number of windows of one pass over val or test; proto::kEndless for train; 0 for a split that
  /// the datasets do not have.
  [[nodiscard]] std::uint64_t size(proto::Split split) const;

  /// Samples of an epoch of train: the sum over the datasets.
  [[nodiscard]] std::uint64_t epoch_samples() const;

  /// The window of sample `index`, whose random words are `draws` (Purpose::kStart is used).
  [[nodiscard]] WindowRef window(proto::Split split, std::uint64_t index,
                                 const PhiloxStream& draws) const;

  /// Another train window of the dataset of `window`, at any other position, drawn by words 0 and 1
  /// of Purpose::kFragment; empty if the dataset has only one.
  [[nodiscard]] std::optional<WindowRef> other_window(const WindowRef& window,
                                                      const PhiloxStream& draws) const;

  /// Writes the window's length + ahead tokens, which is the size of `out`.
  template <class Token>
  void read(proto::Split split, const WindowRef& window, std::span<Token> out) const {
    by_dataset_[window.dataset].text().read(split, window.first, out);
  }

  /// The same for sample `index`.
  template <class Token>
  void read(proto::Split split, std::uint64_t index, const PhiloxStream& draws,
            std::span<Token> out) const {
    read(split, window(split, index, draws), out);
  }

 private:
  datasets::Datasets datasets_;
  std::uint64_t seed_;
  WindowShape shape_;
  std::vector<TextWindows> by_dataset_;
  std::optional<Mixture> mixture_;  ///< if there are several datasets
};

}  // namespace millrace::providers
