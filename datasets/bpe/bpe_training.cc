// Training keeps every word as a list of ids, the count of every pair, and a heap of pairs by
// count. A merge changes only the words that contain its pair.
#include "datasets/bpe/bpe_training.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <queue>
#include <stdexcept>
#include <unordered_set>
#include <utility>
#include <vector>

#include "datasets/bpe/byte_alphabet.h"
#include "datasets/bpe/byte_level_words.h"
#include "datasets/io/utf8.h"
#include "proto/json_text.h"

namespace millrace::datasets {
namespace {

constexpr std::uint64_t kLeastCount = 2;
/// Longer words, such as a line of dashes, are left out: they take long and teach nothing.
constexpr std::size_t kLongestWordBytes = 256;

struct Word {
  std::vector<std::uint32_t> ids;
  std::uint64_t count;
};

/// A pair and its count when it was put into the heap; it is stale where the count has changed.
struct Candidate {
  std::uint64_t count;
  std::uint64_t pair;
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Training {
 public:
  explicit Training(const std::unordered_map<std::string, std::uint64_t>& words) {
    const auto& alphabet = byte_alphabet();
    std::array<std::uint32_t, 256> ids{};
    for (std::uint32_t id = 0; id < alphabet.size(); ++id) {
      ids[alphabet[id]] = id;
      const char byte = static_cast<char>(alphabet[id]);
      parts_.vocabulary.push_back(spell_bytes({&byte, 1}));
    }
    for (const auto& [text, count] : words) {
      Word word{{}, count};
      for (const char c : text) word.ids.push_back(ids[static_cast<unsigned char>(c)]);
      words_.push_back(std::move(word));
    }
    for (std::uint32_t w = 0; w < words_.size(); ++w) {
      for (std::size_t i = 0; i + 1 < words_[w].ids.size(); ++i) count(w, i, +1);
    }
    for (const auto& [pair, counted] : counts_) heap_.push({counted, pair});
  }

  BpeParts run(std::uint32_t vocab_size) {
    while (parts_.vocabulary.size() + 1 < vocab_size && !heap_.empty()) {
      const Candidate best = heap_.top();
      heap_.pop();
      const std::uint64_t now = counts_[best.pair];
      if (now < kLeastCount) continue;
      if (now != best.count) {
        heap_.push({now, best.pair});
        continue;
      }
      merge(best.pair);
    }
    parts_.added.push_back({std::string(kEndOfText),
                            static_cast<std::uint32_t>(parts_.vocabulary.size()), true, false});
    return std::move(parts_);
  }

 private:
  /// Counts the pair at place i of a word, or uncounts it for sign = −1.
  void count(std::uint32_t word, std::size_t i, int sign) {
    const std::uint64_t pair = pair_of(words_[word].ids[i], words_[word].ids[i + 1]);
    counts_[pair] += sign > 0 ? words_[word].count : -words_[word].count;
    if (sign > 0) places_[pair].push_back(word);
  }

  void merge(std::uint64_t pair) {
    const auto left = static_cast<std::uint32_t>(pair >> 32);
    const auto right = static_cast<std::uint32_t>(pair);
    const auto id = static_cast<std::uint32_t>(parts_.vocabulary.size());
    parts_.merges.emplace_back(parts_.vocabulary[left], parts_.vocabulary[right]);
    parts_.vocabulary.push_back(parts_.vocabulary[left] + parts_.vocabulary[right]);
    std::vector<std::uint32_t> places = std::move(places_[pair]);
    places_.erase(pair);
    std::ranges::sort(places);
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const std::uint32_t word : places) merge_in(word, left, right, id);
    counts_.erase(pair);
    for (const std::uint64_t fresh : touched_) heap_.push({counts_[fresh], fresh});
    touched_.clear();
  }

  /// Uncounts the word's pairs, merges, and counts the new pairs.
  void merge_in(std::uint32_t word, std::uint32_t left, std::uint32_t right, std::uint32_t id) {
    std::vector<std::uint32_t>& ids = words_[word].ids;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) count(word, i, -1);
    std::size_t to = 0;
    for (std::size_t from = 0; from < ids.size(); ++to) {
      const bool here = from + 1 < ids.size() && ids[from] == left && ids[from + 1] == right;
      ids[to] = here ? id : ids[from];
      from += here ? 2 : 1;
    }
    ids.resize(to);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) count_again(word, i, id);
  }

  void count_again(std::uint32_t word, std::size_t i, std::uint32_t id) {
    const std::uint32_t a = words_[word].ids[i];
    const std::uint32_t b = words_[word].ids[i + 1];
    if (a == id || b == id) {
      count(word, i, +1);
      touched_.insert(pair_of(a, b));
    } else {
      counts_[pair_of(a, b)] += words_[word].count;  // places_ has the word for this pair already
    }
  }

  BpeParts parts_;
  std::vector<Word> words_;
  std::unordered_map<std::uint64_t, std::uint64_t> counts_;
  /// By pair: the words that have, or had, it.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> places_;
  std::unordered_set<std::uint64_t> touched_;  ///< pairs that the current merge made
  std::priority_queue<Candidate> heap_;
};

/// Throws std::logic_error for parts that to_tokenizer_json would leave out.
void check_trained(const BpeParts& parts) {
  const auto takes_space = [](const AddedToken& token) {
    return token.takes_space_before || token.takes_space_behind;
  };
  if (!parts.normal_forms.empty() || !parts.splits.empty() ||
      std::ranges::any_of(parts.added, takes_space) ||
      std::ranges::any_of(parts.vocabulary, &std::string::empty)) {
    throw std::logic_error("a tokenizer with parts that BpeTrainer does not make is not written");
  }
}

}  // namespace

void BpeTrainer::add(std::string_view text) {
  if (const std::size_t at = find_invalid_utf8(text); at < text.size()) {
    throw std::runtime_error("not valid UTF-8 at byte offset " + std::to_string(at));
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(text, at);
    if (end - at <= kLongestWordBytes) ++words_[std::string(text.substr(at, end - at))];
    at = end;
  }
}

BpeParts BpeTrainer::train(std::uint32_t vocab_size) const {
  return Training(words_).run(vocab_size);
}

std::string to_tokenizer_json(const BpeParts& parts) {
  check_trained(parts);
  nlohmann::ordered_json vocabulary = nlohmann::ordered_json::object();
  auto& entries = vocabulary.get_ref<nlohmann::ordered_json::object_t&>();
  // Not by operator[], which looks through all that are there.
  for (std::size_t id = 0; id < parts.vocabulary.size(); ++id) {
    entries.push_back({parts.vocabulary[id], id});
  }
  nlohmann::ordered_json merges = nlohmann::ordered_json::array();
  for (const auto& [left, right] : parts.merges) merges.push_back(left + " " + right);
  nlohmann::ordered_json added = nlohmann::ordered_json::array();
  for (const AddedToken& token : parts.added) {
    added.push_back({{"id", token.id},
                     {"content", token.content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }
  const nlohmann::ordered_json byte_level = {{"type", "ByteLevel"},
                                             {"add_prefix_space", parts.add_prefix_space},
                                             {"trim_offsets", true},
                                             {"use_regex", parts.use_regex}};
  const nlohmann::ordered_json model = {{"type", "BPE"},
                                        {"dropout", nullptr},
                                        {"unk_token", nullptr},
                                        {"continuing_subword_prefix", nullptr},
                                        {"end_of_word_suffix", nullptr},
                                        {"fuse_unk", false},
                                        {"byte_fallback", false},
                                        {"ignore_merges", parts.ignore_merges},
                                        {"vocab", vocabulary},
                                        {"merges", merges}};
  const nlohmann::ordered_json tokenizer = {
      {"version", "1.0"},          {"truncation", nullptr}, {"padding", nullptr},
      {"added_tokens", added},     {"normalizer", nullptr}, {"pre_tokenizer", byte_level},
      {"post_processor", nullptr}, {"decoder", byte_level}, {"model", model}};
  return proto::json_text(tokenizer, 1) + "\n";
}

}  // namespace millrace::datasets
