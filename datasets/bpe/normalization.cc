// Normalization stretch by stretch.
#include "datasets/bpe/normalization.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "datasets/bpe/unicode_classes.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

/// Stretches of at least this many bytes are cut before an ASCII character, where nothing composes
/// or changes order across the cut.
constexpr std::size_t kStretchBytes = 256;

utf8proc_option_t options_of(NormalForm form) {
  int options = UTF8PROC_STABLE;
  const bool composes = form == NormalForm::kNfc || form == NormalForm::kNfkc;
  options |= composes ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kNfkc || form == NormalForm::kNfkd) options |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(options);
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// The end of the stretch of known characters that starts at `at`; `at` itself where a character
/// stands that Unicode 9.0 does not have. Such a character changes nothing around it.
std::size_t stretch_end(std::string_view text, std::size_t at) {
  for (std::size_t end = at; end < text.size();) {
    if (is_ascii(text[end])) {
      if (end - at >= kStretchBytes) return end;
      ++end;
      continue;
    }
    const Decoded decoded = decode_utf8(text, end).value();
    if (!is_in_unicode_9(decoded.code_point)) return end;
    end += decoded.bytes;
  }
  return text.size();
}

void append_normalized(std::string_view stretch, NormalForm form, std::string& result) {
  if (std::ranges::all_of(stretch, is_ascii)) {
    result += stretch;
    return;
  }
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(stretch.data()),
                   static_cast<utf8proc_ssize_t>(stretch.size()), &made, options_of(form));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (size < 0) {
    throw std::runtime_error(std::string("a text cannot be normalized: ") + utf8proc_errmsg(size));
  }
  result.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
}

std::string normalized(std::string_view text, NormalForm form) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = stretch_end(text, at);
    if (end > at) {
      append_normalized(text.substr(at, end - at), form, result);
    } else {
      end += decode_utf8(text, at).value().bytes;
      result += text.substr(at, end - at);
    }
    at = end;
  }
  return result;
}

}  // namespace

std::string_view normalize(std::string_view text, const std::vector<NormalForm>& forms,
                           std::string& buffer) {
  if (std::ranges::all_of(text, is_ascii)) return text;
  std::string_view result = text;
  for (const NormalForm form : forms) {
    buffer = normalized(result, form);
    result = buffer;
  }
  return result;
}

}  // namespace millrace::datasets
