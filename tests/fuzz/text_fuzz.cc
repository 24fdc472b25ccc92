// A text to learn from: the strict UTF-8 decoder, and the corpus with its vocabulary.
#include "providers/corpus.h"
#include "providers/utf8.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto decoded = providers::decode_utf8(text, at);
    if (!decoded) return false;
    require(decoded->bytes >= 1 && decoded->bytes <= text.size() - at, "a character lies within the text");
    require(providers::encode_utf8(decoded->code_point) == text.substr(at, decoded->bytes), "and is written as it was read");
    at += decoded->bytes;
  }
  return true;
}

std::string spelt(const providers::Corpus& corpus) {
  std::string text;
  const auto append = [&](const auto& tokens) {
    for (const auto token : tokens) text += corpus.vocabulary.at(token);
  };
  std::visit(append, corpus.tokens);
  return text;
}

}  // namespace

bool take_text(std::string_view input) {
  if (!is_utf8(input)) return false;
  try {
    const auto corpus = providers::make_corpus({"input", "input", std::string(input)}, 0.0, 1);
    require(spelt(corpus) == input, "the tokens spell the text");
    return true;
  } catch (const std::runtime_error&) {  // a text without a line to start from
    return false;
  }
}

}  // namespace millrace::fuzz
