// Computes positions of windows from line starts, shifts and permutations (text_windows.h).
#include "providers/windows/text_windows.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/errors.h"
#include "config/stream_keys.h"
#include "providers/random/permutation.h"

namespace millrace::providers {
namespace {

using proto::Split;

void check(const datasets::Dataset& dataset, Split split, WindowShape shape,
           std::uint64_t windows) {
  const std::uint64_t tokens = dataset.text->length(split);
  if (windows > 0 || (tokens == 0 && split != Split::kTrain)) return;
  const std::string sizes = dataset.name + ": its " + std::string(proto::to_string(split)) +
                            " part has " + std::to_string(tokens) + " tokens, and a sample takes " +
                            std::to_string(shape.tokens()) + " (provider.block_size" +
                            (shape.ahead > 0 ? " and " + std::to_string(shape.ahead) : "") + ")";
  if (tokens < shape.tokens()) {
    throw std::runtime_error(
        sizes +
        "; use a longer text, a smaller --provider.block_size or another --data.val_fraction");
  }
  if (dataset.text->lines(split) == 0) {
    throw std::runtime_error(
        sizes +
        " from the start of a line, and it has none; use --data.align=any, or name the tokenizer "
        "of " +
        "token files whose documents <|endoftext|> separates (data.tokenizer)");
  }
  throw std::runtime_error(
      sizes +
      " from the start of a line, but no line starts early enough for that; use a smaller " +
      "--provider.block_size, --data.align=any or a text with more lines");
}

}  // namespace

TextWindows::TextWindows(datasets::Dataset dataset, std::uint8_t number,
                         const config::Options& options, WindowShape shape)
    : dataset_(std::move(dataset)),
      number_(number),
      seed_(options.data.data_seed),
      shape_(shape),
      at_lines_(config::alignment(options) == "line"),
      order_(order_of(options.data)) {
  for (const Split split : proto::kSplits) {
    counts_[static_cast<std::size_t>(split)] = count_windows(split);
    check(dataset_, split, shape_, count(split));
  }
  if (at_lines_) check_shown_share(options.data.align == "auto");
}

double TextWindows::shown_share() const {
  if (!at_lines_) return 1;
  constexpr std::uint64_t kLookedAt = 1U << 16;
  const std::uint64_t lines = count(Split::kTrain);
  const std::uint64_t looked_at = std::min(lines, kLookedAt);
  double shown = 0;
  for (std::uint64_t i = 0; i < looked_at; ++i) {
    const std::uint64_t line = lines / looked_at * i + lines % looked_at * i / looked_at;
    const std::uint64_t first = text().line_start(Split::kTrain, line);
    const std::uint64_t next =
        line + 1 < lines ? text().line_start(Split::kTrain, line + 1) : first + shape_.tokens();
    shown += static_cast<double>(std::min(next - first, shape_.tokens()));
  }
  const double length = static_cast<double>(text().length(Split::kTrain));
  return shown / static_cast<double>(looked_at) * static_cast<double>(lines) / length;
}

void TextWindows::check_shown_share(bool is_auto) const {
  constexpr double kTooLittle = 0.1;
  constexpr double kWorthALine = 0.5;
  const double share = shown_share();
  if (share >= kWorthALine) return;
  const std::string what = fmt::format(
      "{}: samples begin where a line or document does, so they show only {:.2g} % of "
      "its train part, whatever the number of steps",
      dataset_.name, 100 * share);
  if (share < kTooLittle && is_auto) {
    throw config::UsageError(what +
                             "; see all of it with --data.align=any, or take that with "
                             "--data.align=line");
  }
  spdlog::log(share < kTooLittle ? spdlog::level::warn : spdlog::level::info,
              "{}; --data.align=any shows all of it", what);
}

/// Number of lines of the split with room for a window after their start. They are the first ones.
std::uint64_t TextWindows::usable_lines(Split split) const {
  std::uint64_t low = 0;
  std::uint64_t high = text().lines(split);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (text().line_start(split, middle) + shape_.tokens() <= text().length(split)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::uint64_t TextWindows::count_windows(Split split) const {
  if (at_lines_) return usable_lines(split);
  const std::uint64_t tokens = text().length(split);
  if (tokens < shape_.tokens()) return 0;
  const std::uint64_t side_by_side = (tokens - shape_.ahead) / shape_.length;
  if (split != Split::kTrain || order_ == Order::kSequential) return side_by_side;
  return order_ == Order::kRandom ? tokens - shape_.tokens() + 1 : shifted_windows();
}

/// Number of windows that lie side by side in train and leave room for every shift below a window's
/// length; at least 1 (a text shorter than two windows has fewer shifts).
std::uint64_t TextWindows::shifted_windows() const {
  return std::max<std::uint64_t>(
      1, (text().length(Split::kTrain) - shape_.ahead + 1) / shape_.length - 1);
}

std::uint64_t TextWindows::epoch_samples() const {
  return at_lines_ || order_ != Order::kRandom ? count(Split::kTrain) : shifted_windows();
}

std::uint64_t TextWindows::shift_of(const PhiloxStream& epoch_draws) const {
  const std::uint64_t room =
      text().length(Split::kTrain) - shape_.ahead - count(Split::kTrain) * shape_.length;
  const std::uint64_t shifts = std::min<std::uint64_t>(room + 1, shape_.length);
  return epoch_draws.below(Purpose::kShift, shifts);
}

std::uint64_t TextWindows::train_position(std::uint64_t j, const PhiloxStream& draws) const {
  const std::uint64_t windows = count(Split::kTrain);
  std::uint64_t window = 0;
  std::uint64_t shift = 0;
  if (order_ == Order::kRandom) {
    window = draws.below(Purpose::kStart, windows);
  } else if (order_ == Order::kSequential) {
    window = j % windows;
  } else {
    const PhiloxStream epoch_draws(seed_, Split::kTrain, number_, j / windows);
    window = permuted(epoch_draws, Purpose::kOrder, windows, j % windows);
    if (!at_lines_) shift = shift_of(epoch_draws);
  }
  if (at_lines_) return text().line_start(Split::kTrain, window);
  return order_ == Order::kRandom ? window : shift + window * shape_.length;
}

std::uint64_t TextWindows::position(Split split, std::uint64_t w) const {
  return at_lines_ ? text().line_start(split, w) : w * shape_.length;
}

}  // namespace millrace::providers
