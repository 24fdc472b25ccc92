// Splitting texts at added tokens.
#include "datasets/bpe/added_tokens.h"

#include <algorithm>

namespace millrace::datasets {

AddedTokens::AddedTokens(std::span<const AddedToken> tokens) {
  for (const AddedToken& token : tokens) {
    (token.normalized ? second_ : first_)[static_cast<std::uint8_t>(token.content.front())]
        .push_back(&token);
    (token.normalized ? has_second_ : has_first_) = true;
  }
  for (Set* set : {&first_, &second_}) {
    for (auto& same_start : *set) {
      std::ranges::sort(same_start, std::greater{},
                        [](const AddedToken* token) { return token->content.size(); });
    }
  }
}

const AddedToken* AddedTokens::starting_at(const Set& set, std::string_view text) {
  for (const AddedToken* token : set[static_cast<std::uint8_t>(text.front())]) {
    if (text.starts_with(token->content)) return token;
  }
  return nullptr;
}

void AddedTokens::split(const Set& set, std::string_view text, Specials specials,
                        const std::function<void(std::uint32_t)>& token,
                        const std::function<void(std::string_view)>& piece) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* const found = starting_at(set, text.substr(at));
    if (found == nullptr) {
      ++at;
      continue;
    }
    const std::size_t end = at + found->content.size();
    // A special token that counts as text hides other tokens inside it.
    if (specials == Specials::kRecognised || !found->special) {
      if (done < at) piece(text.substr(done, at - done));
      token(found->id);
      done = end;
    }
    at = end;
  }
  if (done < text.size()) piece(text.substr(done));
}

void AddedTokens::split(std::string_view text, Specials specials,
                        const std::function<void(std::uint32_t)>& token,
                        const std::function<void(std::string_view)>& piece) const {
  const auto rest = [&](std::string_view between) {
    if (!has_second_) return piece(between);
    split(second_, between, specials, token, piece);
  };
  if (has_first_) return split(first_, text, specials, token, rest);
  if (!text.empty()) rest(text);
}

}  // namespace millrace::datasets
