#include "providers/windows.h"

#include <limits>
#include <stdexcept>
#include <string>

#include "config/stream_keys.h"
#include "providers/permutation.h"

namespace millrace::providers {
namespace {

using proto::Split;

/// Lines of the split from which a window fits: the first so many.
std::uint64_t usable_lines(const datasets::TokenText& text, Split split, std::uint32_t length) {
  std::uint64_t low = 0;
  std::uint64_t high = text.lines(split);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (text.line_start(split, middle) + length <= text.length(split)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void check(const datasets::Dataset& dataset, Split split, std::uint32_t length, std::uint64_t windows) {
  const std::uint64_t tokens = dataset.text->length(split);
  if (windows > 0 || (tokens == 0 && split != Split::kTrain)) return;
  const std::string sizes = dataset.name + ": its " + std::string(proto::to_string(split)) + " part has " + std::to_string(tokens) +
                            " tokens, and a sample takes " + std::to_string(length) + " (provider.block_size)";
  if (tokens < length) {
    throw std::runtime_error(sizes + "; use a longer text, a smaller --provider.block_size or another --data.val_fraction");
  }
  throw std::runtime_error(sizes + " from the start of a line, but no line starts early enough for that; use a smaller " +
                           "--provider.block_size, --data.align=any or a text with more lines");
}

}  // namespace

Windows::Windows(datasets::Datasets datasets, const config::Options& options, std::uint32_t length)
    : datasets_(std::move(datasets)),
      seed_(options.data.data_seed),
      length_(length),
      at_lines_(config::alignment(options) == "line") {
  for (const Split split : proto::kSplits) check(datasets_.parts.front(), split, length_, count(split));
}

/// Train may start anywhere; the windows of val and test, where they are not lines, lie side by side.
std::uint64_t Windows::count(Split split) const {
  const datasets::TokenText& text = *datasets_.parts.front().text;
  if (at_lines_) return usable_lines(text, split, length_);
  if (text.length(split) < length_) return 0;
  return split == Split::kTrain ? text.length(split) - length_ + 1 : text.length(split) / length_;
}

std::uint64_t Windows::size(Split split) const { return split == Split::kTrain ? proto::kEndless : count(split); }

Windows::Place Windows::place_of(Split split, std::uint64_t index, const Draws& draws) const {
  const datasets::TokenText& text = *datasets_.parts.front().text;
  const auto windows = static_cast<std::uint32_t>(count(split));
  std::uint32_t window = 0;
  if (split == Split::kTrain) {
    window = uniform_below(draws.word(Purpose::kStart, 0), draws.word(Purpose::kStart, 1), windows);
  } else {
    const Draws of_pass(seed_, split, 0, index / windows);
    window = permuted(of_pass, Purpose::kOrder, windows, static_cast<std::uint32_t>(index % windows));
  }
  if (at_lines_) return {&text, text.line_start(split, window)};
  return {&text, split == Split::kTrain ? window : std::uint64_t{window} * length_};
}

}  // namespace millrace::providers
