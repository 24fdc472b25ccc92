// Texts: the strict UTF-8 decoder, and characters as ids.
#include "datasets/characters/memory_text.h"
#include "datasets/io/utf8.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto decoded = datasets::decode_utf8(text, at);
    if (!decoded) return false;
    require(decoded->bytes >= 1 && decoded->bytes <= text.size() - at,
            "a character lies within the text");
    require(datasets::encode_utf8(decoded->code_point) == text.substr(at, decoded->bytes),
            "and is written as it was read");
    at += decoded->bytes;
  }
  return true;
}

std::string spelt(const datasets::TokenText& text) {
  std::vector<std::uint32_t> ids(text.length(proto::Split::kTrain));
  text.read(proto::Split::kTrain, 0, std::span(ids));
  std::string spelling;
  for (const std::uint32_t id : ids) spelling += text.vocabulary().tokens.at(id);
  return spelling;
}

}  // namespace

bool take_text(std::string_view input) {
  if (!is_utf8(input)) return false;
  try {
    const auto text = datasets::make_memory_text(input, "input", {.val = 0, .test = 0});
    require(spelt(*text) == input, "the tokens spell the text");
    return true;
  } catch (const std::runtime_error&) {  // an empty text
    return false;
  }
}

}  // namespace millrace::fuzz
