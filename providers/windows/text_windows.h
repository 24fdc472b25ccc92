// The windows of one dataset: how many a split has, and where number j lies.
// providers/windows/windows.h puts those of several together.
//
//   align  order       train's windows, of which an epoch has each once
//   line   any         one from every line from which a whole window fits
//   any    random      one from every position
//   any    shuffle     side by side, in each epoch from another beginning, so that a token is seen at every offset
//   any    sequential  side by side from the first token
//
// val and test: as `line` above, or side by side. docs/reference/windows.md defines it all.
// Immutable, so any thread may use one.
#pragma once

#include <array>
#include <cstdint>

#include "config/options.h"
#include "datasets/dataset.h"
#include "proto/types.h"
#include "providers/random/philox.h"

namespace millrace::providers {

enum class Order : std::uint8_t { kRandom, kShuffle, kSequential };

/// The tokens of a window: `length`, and `ahead` more, which the next one side by side has too
/// (targets of the next token).
struct WindowShape {
  std::uint32_t length = 0;
  std::uint32_t ahead = 0;
  [[nodiscard]] std::uint64_t tokens() const { return std::uint64_t{length} + ahead; }
};

class TextWindows {
 public:
  /// `number` is the dataset's among those of the stream. Throws std::runtime_error where a split
  /// that has tokens holds no window.
  TextWindows(datasets::Dataset dataset, std::uint8_t number, const config::Options& options,
              WindowShape shape);

  [[nodiscard]] const datasets::TokenText& text() const { return *dataset_.text; }

  /// Windows of an epoch of train, or of the whole split.
  [[nodiscard]] std::uint64_t count(proto::Split split) const {
    return counts_[static_cast<std::size_t>(split)];
  }

  /// Samples of an epoch of train: its windows, but where order random draws from every position,
  /// as many as shuffle's epoch has.
  [[nodiscard]] std::uint64_t epoch_samples() const;

  /// Position in train of the dataset's sample j; `draws` are the random words of the stream's
  /// sample, which order random takes it from (Purpose::kStart).
  [[nodiscard]] std::uint64_t train_position(std::uint64_t j, const PhiloxStream& draws) const;

  /// Position of window w of val or test, w < count(split).
  [[nodiscard]] std::uint64_t position(proto::Split split, std::uint64_t w) const;

 private:
  [[nodiscard]] std::uint64_t count_windows(proto::Split split) const;
  [[nodiscard]] std::uint64_t usable_lines(proto::Split split) const;
  [[nodiscard]] std::uint64_t shifted_windows() const;
  [[nodiscard]] std::uint64_t shift_of(const PhiloxStream& of_epoch) const;

  datasets::Dataset dataset_;
  std::uint8_t number_;
  std::uint64_t seed_;
  WindowShape shape_;
  bool at_lines_;
  Order order_;
  std::array<std::uint64_t, proto::kSplitCount> counts_{};
};

}  // namespace millrace::providers
