// Three texts of a sample (fill_in.h).
#include "trainer/text/fill_in.h"

#include <algorithm>
#include <string>

#include "config/app/terminal_text.h"
#include "trainer/text/glyphs.h"

namespace millrace::trainer {
namespace {

/// A token as a person may read it: its text, or its id and a space in a stream of bare ids.
std::string shown(const proto::StreamMeta& meta, std::int64_t token) {
  if (meta.mask_token_id && token == static_cast<std::int64_t>(*meta.mask_token_id)) {
    return kMaskMark;
  }
  const auto id = static_cast<std::size_t>(token);
  if (id >= meta.vocabulary.size()) return std::to_string(token) + ' ';
  const std::string& text = meta.vocabulary[id];
  return text == "\n" ? kLineBreakMark : config::for_terminal(text);
}

}  // namespace

FilledIn fill_in(const proto::StreamMeta& meta, const SampleTokens& sample, std::size_t width) {
  FilledIn text;
  for (std::size_t i = 0; i < std::min(width, sample.input.size()); ++i) {
    const std::int64_t input = sample.input[i];
    const bool masked =
        meta.mask_token_id && input == static_cast<std::int64_t>(*meta.mask_token_id);
    text.masked += shown(meta, input);
    text.filled += shown(meta, masked ? sample.guess[i] : input);
    text.original += shown(meta, sample.target[i] == meta.ignore_index ? input : sample.target[i]);
  }
  return text;
}

}  // namespace millrace::trainer
