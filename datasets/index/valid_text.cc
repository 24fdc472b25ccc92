// Checks UTF-8 that comes in pieces (valid_text.h).
#include "datasets/index/valid_text.h"

#include <stdexcept>

#include "datasets/io/file_kinds.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {

std::string_view ValidText::take(std::string_view piece) {
  if (beginning_.empty()) beginning_ = piece.substr(0, kBeginningBytes);
  if (!tail_.empty()) {
    held_ = tail_;
    held_ += piece;
    piece = held_;
    tail_.clear();
  }
  const std::string_view whole = piece.substr(0, piece.size() - incomplete_utf8_bytes(piece));
  if (const std::size_t at = find_invalid_utf8(whole); at < whole.size()) refuse(whole, at);
  tail_.assign(piece.substr(whole.size()));
  bytes_ += whole.size();
  return whole;
}

void ValidText::finish() const {
  if (!tail_.empty()) refuse(tail_, 0);
}

void ValidText::refuse(std::string_view piece, std::size_t at) const {
  throw std::runtime_error(place_ + ": " +
                           invalid_utf8_message(bytes_ + at, beginning_, piece, at));
}

}  // namespace millrace::datasets
