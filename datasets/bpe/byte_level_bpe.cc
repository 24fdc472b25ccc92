// The tables of a tokenizer, its hash, and decoding.
#include "datasets/bpe/byte_level_bpe.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

#include "datasets/bpe/bpe_encoder.h"
#include "datasets/bpe/byte_alphabet.h"
#include "datasets/io/unicode_replacement.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

constexpr std::uint64_t kNoPair = std::numeric_limits<std::uint64_t>::max();  // no id is 2^32 - 1

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

/// A digest of texts and numbers. Each text is preceded by its length, so that different lists of
/// texts have different digests.
class FactDigest {
 public:
  void add(std::string_view text) {
    add(text.size());
    digest_.update(std::as_bytes(std::span(text)));
  }
  void add(std::uint64_t number) {
    std::array<std::byte, 8> little_endian{};
    for (std::size_t i = 0; i < little_endian.size(); ++i) {
      little_endian[i] = static_cast<std::byte>(number >> (8 * i));
    }
    digest_.update(little_endian);
  }
  [[nodiscard]] std::string hash() const { return proto::hex16(digest_.value()); }

 private:
  proto::Digest digest_;
};

}  // namespace

ByteLevelBpe::ByteLevelBpe(BpeParts parts) : parts_(std::move(parts)) {
  take_vocabulary();
  take_added_tokens();
  take_merges();
  for (const SplitRule& rule : parts_.splits) split_patterns_.emplace_back(rule.pattern);
  for (const std::string& bytes : bytes_) {
    vocabulary_.push_back(bytes.empty() ? "<|unused " + std::to_string(vocabulary_.size()) + "|>"
                                        : spell_bytes(bytes));
  }
  hash_ = digest();
}

void ByteLevelBpe::take_vocabulary() {
  if (parts_.vocabulary.empty()) fail("the vocabulary is empty");
  for (std::uint32_t id = 0; id < parts_.vocabulary.size(); ++id) {
    const std::string& token = parts_.vocabulary[id];
    if (token.empty()) {
      bytes_.emplace_back();
      continue;
    }
    if (!ids_.emplace(token, id).second) fail("the token " + in_quotes(token) + " is there twice");
    // A token with characters outside the alphabet ("<pad 1>") results from no merge; its bytes are
    // its own text.
    const std::optional<std::string> bytes = bytes_of_spelling(token);
    bytes_.push_back(bytes.value_or(token));
    if (bytes && bytes->size() == 1) byte_ids_[static_cast<std::uint8_t>(bytes->front())] = id;
    if (bytes && parts_.ignore_merges) words_.emplace(*bytes, id);
  }
}

void ByteLevelBpe::take_added_tokens() {
  // As in the Python package, which does not read the ids that a file gives to added tokens.
  const auto tokens = static_cast<std::uint32_t>(ids_.size());
  std::uint32_t next = tokens;
  std::vector<std::string_view> contents;
  for (const AddedToken& added : parts_.added) {
    if (added.content.empty()) fail("an added token is empty");
    const auto known = ids_.emplace(added.content, next);
    const std::uint32_t expected = known.first->second;
    if (added.id != expected) {
      fail("the added token " + in_quotes(added.content) + " has the id " +
           std::to_string(added.id) + ", and " +
           (known.second ? "the next one is " : "the vocabulary gives it ") +
           std::to_string(expected));
    }
    if (known.second) take_id_of(added);
    if (added.id >= tokens) next = std::max(next, added.id + 1);
    if (bytes_[added.id] != added.content) {
      fail("the added token " + in_quotes(added.content) +
           " is spelled like a token of other bytes, so that decoding could not tell them apart");
    }
    contents.push_back(added.content);
  }
  std::ranges::sort(contents);
  const auto twice = std::ranges::adjacent_find(contents);
  if (twice != contents.end()) fail("the added token " + in_quotes(*twice) + " is there twice");
}

void ByteLevelBpe::take_id_of(const AddedToken& added) {
  if (added.id >= bytes_.size()) bytes_.resize(added.id + 1);
  std::string& bytes = bytes_[added.id];
  if (!bytes.empty()) {
    fail("the added token " + in_quotes(added.content) + " has the id " + std::to_string(added.id) +
         ", which is that of the token " + in_quotes(bytes));
  }
  bytes = added.content;
}

void ByteLevelBpe::take_merges() {
  merges_.assign(std::bit_ceil(2 * parts_.merges.size() + 2), Slot{kNoPair, {}});
  for (std::size_t rank = 0; rank < parts_.merges.size(); ++rank) {
    const auto& [left, right] = parts_.merges[rank];
    const Merge merge{static_cast<std::uint32_t>(rank), token_of_merge(left + right, rank)};
    insert(pair_of(token_of_merge(left, rank), token_of_merge(right, rank)), merge);
  }
}

std::uint32_t ByteLevelBpe::token_of_merge(const std::string& token, std::size_t rank) const {
  const auto found = ids_.find(token);
  if (found == ids_.end() || found->second >= parts_.vocabulary.size()) {
    const auto& [left, right] = parts_.merges[rank];
    fail("merge " + std::to_string(rank + 1) + " (" + in_quotes(left + " " + right) +
         ") needs the token " + in_quotes(token) + ", which the vocabulary lacks");
  }
  return found->second;
}

std::size_t ByteLevelBpe::slot_of(std::uint64_t pair) const {
  // Fibonacci hashing: Knuth, TAOCP 3, section 6.4.
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  const std::size_t mask = merges_.size() - 1;
  std::size_t slot = (pair * kGolden >> 32) & mask;
  while (merges_[slot].pair != pair && merges_[slot].pair != kNoPair) slot = (slot + 1) & mask;
  return slot;
}

// The last place of a pair that is listed twice counts, as in the Python package.
void ByteLevelBpe::insert(std::uint64_t pair, Merge merge) {
  merges_[slot_of(pair)] = {pair, merge};
}

std::optional<ByteLevelBpe::Merge> ByteLevelBpe::merge(std::uint32_t left,
                                                       std::uint32_t right) const {
  const std::uint64_t pair = pair_of(left, right);
  const Slot& slot = merges_[slot_of(pair)];
  if (slot.pair != pair) return std::nullopt;
  return slot.merge;
}

std::optional<std::uint32_t> ByteLevelBpe::whole_word(std::string_view bytes) const {
  if (words_.empty()) return std::nullopt;
  const auto found = words_.find(std::string(bytes));
  if (found == words_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> ByteLevelBpe::find(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::uint32_t> ByteLevelBpe::encode(std::string_view text, Specials specials) const {
  std::vector<std::uint32_t> ids;
  BpeEncoder(*this).append(text, specials, ids);
  return ids;
}

std::string ByteLevelBpe::decode(std::span<const std::uint32_t> ids) const {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= vocab_size()) {
      fail("token id " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
           " is outside the vocabulary of " + std::to_string(vocab_size()) +
           " tokens; these ids are another tokenizer's");
    }
    text += bytes_[ids[i]];
  }
  return text;
}

std::string ByteLevelBpe::decode_text(std::span<const std::uint32_t> ids) const {
  return replace_invalid_utf8(decode(ids));
}

std::string ByteLevelBpe::digest() const {
  FactDigest facts;
  facts.add("byte-level BPE 1, Unicode 16.0.0");
  facts.add(parts_.vocabulary.size());
  for (const std::string& token : parts_.vocabulary) facts.add(token);
  facts.add(parts_.merges.size());
  for (const auto& [left, right] : parts_.merges) {
    facts.add(left);
    facts.add(right);
  }
  facts.add(parts_.added.size());
  for (const AddedToken& added : parts_.added) {
    facts.add(added.content);
    facts.add(added.id);
    facts.add((added.special ? 2U : 0U) + (added.normalized ? 1U : 0U) +
              (added.takes_space_before ? 4U : 0U) + (added.takes_space_behind ? 8U : 0U));
  }
  facts.add((parts_.add_prefix_space ? 4U : 0U) + (parts_.use_regex ? 2U : 0U) +
            (parts_.ignore_merges ? 1U : 0U));
  // A tokenizer without these has the hash that it had before they were read.
  if (!parts_.normal_forms.empty()) {
    facts.add("normal forms of Unicode 9.0");
    for (const NormalForm form : parts_.normal_forms) facts.add(static_cast<std::uint64_t>(form));
  }
  if (!parts_.splits.empty()) facts.add("split");
  for (const SplitRule& rule : parts_.splits) {
    facts.add(rule.pattern);
    facts.add(2 * static_cast<std::uint64_t>(rule.behavior) + (rule.invert ? 1U : 0U));
  }
  return facts.hash();
}

}  // namespace millrace::datasets
