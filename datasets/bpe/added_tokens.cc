// Splitting texts at added tokens.
#include "datasets/bpe/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "datasets/bpe/unicode_classes.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

bool starts_with_continuation(std::string_view text) { return base::is_continuation(text.front()); }

bool is_space(std::string_view character) {
  const auto decoded = decode_utf8(character, 0);
  return decoded && class_of(decoded->code_point) == CharacterClass::kSpace;
}

/// Where the white space at the end of text[0, end) begins.
std::size_t space_before(std::string_view text, std::size_t end) {
  while (end > 0) {
    std::size_t start = end - 1;
    while (start > 0 && starts_with_continuation(text.substr(start))) --start;
    if (!is_space(text.substr(start, end - start))) break;
    end = start;
  }
  return end;
}

/// Where the white space that starts at text[at] ends.
std::size_t space_behind(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const auto decoded = decode_utf8(text, at);
    if (!decoded || class_of(decoded->code_point) != CharacterClass::kSpace) break;
    at += decoded->bytes;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::span<const AddedToken> tokens,
                         const std::vector<NormalForm>& normal_forms)
    : normal_forms_(normal_forms) {
  for (const AddedToken& token : tokens) {
    std::string buffer;
    const std::string content(token.normalized ? normalize(token.content, normal_forms, buffer)
                                               : token.content);
    Set& set = token.normalized ? second_ : first_;
    set[static_cast<std::uint8_t>(content.front())].push_back({content, &token});
    (token.normalized ? has_second_ : has_first_) = true;
  }
  for (Set* set : {&first_, &second_}) {
    for (auto& same_start : *set) {
      std::ranges::stable_sort(same_start, std::greater{},
                               [](const Found& each) { return each.content.size(); });
    }
  }
}

const AddedTokens::Found* AddedTokens::starting_at(const Set& set, std::string_view text) {
  for (const Found& each : set[static_cast<std::uint8_t>(text.front())]) {
    if (text.starts_with(each.content)) return &each;
  }
  return nullptr;
}

void AddedTokens::split(const Set& set, std::string_view text, Specials specials,
                        const std::function<void(std::uint32_t)>& token,
                        const std::function<void(std::string_view)>& piece) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Found* const found = starting_at(set, text.substr(at));
    if (found == nullptr) {
      ++at;
      continue;
    }
    const AddedToken& added = *found->token;
    const std::size_t end = at + found->content.size();
    // A special token that counts as text hides other tokens inside it.
    if (specials == Specials::kRecognised || !added.special) {
      const std::size_t first = added.takes_space_before ? space_before(text, at) : at;
      if (done < first) piece(text.substr(done, first - done));
      token(added.id);
      done = added.takes_space_behind ? space_behind(text, end) : end;
    }
    at = end;
  }
  if (done < text.size()) piece(text.substr(done));
}

void AddedTokens::split(std::string_view text, Specials specials,
                        const std::function<void(std::uint32_t)>& token,
                        const std::function<void(std::string_view)>& piece) const {
  const auto rest = [&](std::string_view between) {
    std::string buffer;
    const std::string_view normalized = normalize(between, normal_forms_, buffer);
    if (!has_second_) return piece(normalized);
    split(second_, normalized, specials, token, piece);
  };
  if (has_first_) return split(first_, text, specials, token, rest);
  if (!text.empty()) rest(text);
}

}  // namespace millrace::datasets
