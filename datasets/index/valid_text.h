// Checks that the bytes of a file, which come in pieces, are UTF-8, and returns them in pieces of
// complete characters.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::datasets {

class ValidText {
 public:
  /// `place`: the file, for messages.
  explicit ValidText(std::string place) : place_(std::move(place)) {}

  /// Takes the next piece. Returns the complete characters up to its end, valid until the next
  /// call. Throws std::runtime_error "PLACE: …" with the offset of the first byte that is not
  /// UTF-8, or with the kind of file that it is instead (io/file_kinds.h).
  [[nodiscard]] std::string_view take(std::string_view piece);
  /// The end of the bytes. Throws the same where they end within a character.
  void finish() const;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  /// Throws for piece[at], which is not UTF-8; `piece` comes behind the bytes that were returned.
  [[noreturn]] void refuse(std::string_view piece, std::size_t at) const;

  std::string place_;
  std::string beginning_;    ///< of the file: its first piece, or a part of that
  std::string held_;         ///< the tail of the piece before, and the piece that completes it
  std::string tail_;         ///< the start of an incomplete character
  std::uint64_t bytes_ = 0;  ///< before tail_
};

}  // namespace millrace::datasets
