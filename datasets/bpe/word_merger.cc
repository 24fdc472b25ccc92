// Merges the bytes of one word (word_merger.h).
#include "datasets/bpe/word_merger.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

namespace millrace::datasets {

void WordMerger::append(std::string_view word, std::vector<std::uint32_t>& ids) {
  if (word.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw std::runtime_error("a word of " + std::to_string(word.size()) +
                             " bytes; 2^31 - 2 is the most: cut the text");
  }
  symbols_.clear();
  heap_.clear();
  const auto count = static_cast<std::int32_t>(word.size());
  for (std::int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<std::uint8_t>(word[static_cast<std::size_t>(i)]);
    symbols_.push_back({bpe_.byte_id(byte).value(), i - 1, i + 1 < count ? i + 1 : -1, false});
  }
  for (std::int32_t i = 0; i + 1 < count; ++i) propose(i);

  while (!heap_.empty()) {
    std::ranges::pop_heap(heap_, std::greater{},
                          [](const Candidate& c) { return std::tie(c.rank, c.at); });
    const Candidate earliest = heap_.back();
    heap_.pop_back();
    carry_out(earliest);
  }
  for (std::int32_t i = 0; i >= 0 && count > 0; i = symbols_[i].next) ids.push_back(symbols_[i].id);
}

void WordMerger::propose(std::int32_t at) {
  const std::int32_t next = symbols_[at].next;
  if (next < 0) return;
  const auto merge = bpe_.merge(symbols_[at].id, symbols_[next].id);
  if (!merge) return;
  heap_.push_back({merge->rank, at, merge->id});
  std::ranges::push_heap(heap_, std::greater{},
                         [](const Candidate& c) { return std::tie(c.rank, c.at); });
}

void WordMerger::carry_out(const Candidate& candidate) {
  Symbol& left = symbols_[candidate.at];
  if (left.gone || left.next < 0) return;
  Symbol& right = symbols_[left.next];
  const auto merge = bpe_.merge(left.id, right.id);
  if (!merge || merge->rank != candidate.rank) return;  // stale
  right.gone = true;
  left.id = candidate.id;
  left.next = right.next;
  if (left.next >= 0) symbols_[left.next].previous = candidate.at;
  if (left.previous >= 0) propose(left.previous);
  propose(candidate.at);
}

}  // namespace millrace::datasets
