// Checks that bytes which come in pieces are UTF-8, and hands them on in pieces of whole
// characters.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::datasets {

class ValidText {
 public:
  /// `place` is for messages: the file.
  explicit ValidText(std::string place) : place_(std::move(place)) {}

  /// The whole characters up to the end of `piece`, which follows what came before; valid until the
  /// next call. Throws std::runtime_error with the offset of the first byte that is not UTF-8.
  [[nodiscard]] std::string_view take(std::string_view piece);
  /// Throws where the text ends within a character.
  void finish() const;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[noreturn]] void refuse(std::uint64_t at) const;

  std::string place_;
  std::string held_;         ///< a piece with the beginning of its first character
  std::string tail_;         ///< the beginning of a character whose rest is to come
  std::uint64_t bytes_ = 0;  ///< before tail_
};

}  // namespace millrace::datasets
