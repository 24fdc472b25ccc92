// Recognizes files by their bytes, before they are read as what they are not: compressed files,
// archives, arrays, tables, and text in another encoding than UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::datasets {

/// As many bytes from the beginning of a file are enough to recognize it.
inline constexpr std::size_t kBeginningBytes = std::size_t{1} << 16;

/// "it is ZIP, not text; …", which says what to do, for the beginning of a file that can be no
/// UTF-8 text: of a kind with bytes that no text has, or UTF-16 or UTF-32. Else empty.
[[nodiscard]] std::optional<std::string> not_utf8_text(std::string_view beginning);

/// The message for a file with an invalid byte at `offset`: its kind, if `beginning` tells it;
/// "not valid UTF-8 at byte offset N; …" otherwise, with the conversion that fits. `piece`: some of
/// the bytes around the invalid one, which is piece[at].
[[nodiscard]] std::string invalid_utf8_message(std::uint64_t offset, std::string_view beginning,
                                               std::string_view piece, std::size_t at);

/// "it is text, not token ids; …" for the beginning of a file that holds something else than ids
/// one after the other. Else empty.
[[nodiscard]] std::optional<std::string> not_token_ids(std::string_view beginning);

}  // namespace millrace::datasets
