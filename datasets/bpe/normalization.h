// Unicode normalization of texts (Unicode Standard Annex #15), by utf8proc.
//
// A normal form of Unicode 9.0, the version of the Python package `tokenizers`: code points that
// are newer are left alone, also where the library knows them. By Unicode's stability policy all
// versions agree about the others, so the result does not depend on the library's version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

enum class NormalForm : std::uint8_t { kNfc, kNfd, kNfkc, kNfkd };

/// The text, which must be UTF-8, brought into these forms one after the other. The result is
/// `text` where it is ASCII or there are no forms, else `buffer`, which then holds it.
[[nodiscard]] std::string_view normalize(std::string_view text,
                                         const std::vector<NormalForm>& forms, std::string& buffer);

}  // namespace millrace::datasets
