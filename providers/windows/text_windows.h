// The windows of one dataset: how many each split has, and where they begin.
// providers/windows/windows.h combines the windows of several datasets.
//
//   align  order       the train windows, each once per epoch
//   line   any         at every line start after which a whole window fits
//   any    random      at every position
//   any    shuffle     side by side, shifted in each epoch, so that tokens occur at every offset
//   any    sequential  side by side from the first token
//
// val and test: at line starts as above, or side by side. docs/reference/windows.md defines all of
// it. Immutable and thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "config/options.h"
#include "datasets/dataset.h"
#include "proto/types.h"
#include "providers/random/philox.h"
#include "providers/windows/item_order.h"

namespace millrace::providers {

/// The size of a window: `length` tokens, read with `ahead` more (targets of next-token
/// prediction), which are also the first ones of the next window.
struct WindowShape {
  std::uint32_t length = 0;
  std::uint32_t ahead = 0;
  [[nodiscard]] std::uint64_t tokens() const { return std::uint64_t{length} + ahead; }
};

class TextWindows {
 public:
  /// `number`: the dataset's number in the stream. Throws std::runtime_error if train, or val or
  /// test with tokens, has no window; config::UsageError if data.align = "auto" is "line" and the
  /// windows of train show less than a tenth of it. Logs a share below a half.
  TextWindows(datasets::Dataset dataset, std::uint8_t number, const config::Options& options,
              WindowShape shape);

  [[nodiscard]] const datasets::TokenText& text() const { return *dataset_.text; }

  /// Number of windows of an epoch of train, or of val or test.
  [[nodiscard]] std::uint64_t count(proto::Split split) const {
    return counts_[static_cast<std::size_t>(split)];
  }

  /// Samples of an epoch of train: the number of windows; for windows at every position, the number
  /// that order shuffle has.
  [[nodiscard]] std::uint64_t epoch_samples() const;

  /// The share of train's tokens that lie in a window of train, in [0, 1]. With many lines, that of
  /// a sample of them.
  [[nodiscard]] double shown_share() const;

  /// Position in train of the dataset's sample j. `draws`: the random words of the stream's sample,
  /// used by order random (Purpose::kStart).
  [[nodiscard]] std::uint64_t train_position(std::uint64_t j, const PhiloxStream& draws) const;

  /// Position of window w of val or test, w < count(split).
  [[nodiscard]] std::uint64_t position(proto::Split split, std::uint64_t w) const;

 private:
  void check_shown_share(bool is_auto) const;
  [[nodiscard]] std::uint64_t count_windows(proto::Split split) const;
  [[nodiscard]] std::uint64_t usable_lines(proto::Split split) const;
  [[nodiscard]] std::uint64_t shifted_windows() const;
  [[nodiscard]] std::uint64_t shift_of(const PhiloxStream& epoch_draws) const;

  datasets::Dataset dataset_;
  std::uint8_t number_;
  std::uint64_t seed_;
  WindowShape shape_;
  bool at_lines_;
  Order order_;
  std::array<std::uint64_t, proto::kSplitCount> counts_{};
};

}  // namespace millrace::providers
