// The file of a tokenizer, tokenizer.json or vocab.bpe: encoding a text and decoding it must give
// the text, unless the file says that it is normalized or that parts of it are left out.
#include <algorithm>

#include "datasets/bpe/bpe_encoder.h"
#include "datasets/bpe/bpe_files.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

// Words, spaces, contractions, special tokens, characters of every length.
constexpr std::string_view kText =
    "The mill's  wheel, abab 42\n\n<|endoftext|> caf\u00e9 \u6c34\u8eca\u3000\U0001f600 "
    "\u00a0x<s>\t";

bool keeps_the_text(const datasets::BpeParts& parts) {
  return parts.normal_forms.empty() &&
         std::ranges::none_of(parts.added,
                              [](const datasets::AddedToken& token) {
                                return token.takes_space_before || token.takes_space_behind;
                              }) &&
         std::ranges::none_of(parts.splits, [](const datasets::SplitRule& rule) {
           return rule.behavior == datasets::SplitBehavior::kRemoved;
         });
}

void check(const datasets::ByteLevelBpe& bpe, std::string_view text, datasets::Specials specials) {
  std::vector<std::uint32_t> ids;
  try {
    datasets::BpeEncoder(bpe).append(text, specials, ids);
  } catch (const std::runtime_error&) {  // not UTF-8, or a byte without a token
    require(ids.empty(), "a text that is refused gives no ids");
    return;
  }
  for (const std::uint32_t id : ids) {
    require(id < bpe.vocab_size(), "every id is in the vocabulary");
  }
  const std::string back = bpe.decode(ids);
  if (!keeps_the_text(bpe.parts())) return;
  if (!bpe.parts().add_prefix_space) require(back == text, "what was encoded comes back");
  require(back.size() >= text.size(), "nothing is lost");
}

}  // namespace

bool take_tokenizer(std::string_view input) {
  try {
    const bool is_json = input.starts_with('{');
    const datasets::ByteLevelBpe bpe(is_json ? datasets::parse_tokenizer_json(input)
                                             : datasets::parse_vocab_bpe(input));
    for (const auto specials : {datasets::Specials::kAsText, datasets::Specials::kRecognised}) {
      check(bpe, kText, specials);
      check(bpe, input, specials);
    }
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace millrace::fuzz
