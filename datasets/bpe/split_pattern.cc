// Patterns of kinds of characters, and the window of a text in which they are matched.
#include "datasets/bpe/split_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <new>
#include <stdexcept>

#include "datasets/bpe/pattern_syntax.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

/// Without two optimisations of PCRE2 10.42 by which it misses matches: of "a?(?:b)?+a" in "a", and
/// of "(?=a.)b*a" in "ab".
constexpr std::uint32_t kCompileOptions = PCRE2_DOTALL | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
                                          PCRE2_NO_AUTO_POSSESS | PCRE2_NO_START_OPTIMIZE;
constexpr std::size_t kMostKinds = 256;
constexpr std::size_t kFirstStackBytes = std::size_t{1} << 15;
constexpr std::size_t kMostStackBytes = std::size_t{1} << 23;
constexpr std::uint32_t kMostHeapKib = std::uint32_t{1} << 20;

std::string message_of(int error) {
  char text[256];
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
  return text;
}

/// The kinds of code points that a pattern's sets tell apart: two code points are of one kind where
/// they are in the same sets.
class Kinds {
 public:
  Kinds(const std::vector<PatternItem>& items, const std::string& pattern) {
    bounds_ = {0, kCodePoints};
    for (const PatternItem& item : items) {
      const auto* set = std::get_if<CodePoints>(&item);
      if (set == nullptr) continue;
      for (const CodePointRange& range : *set) {
        bounds_.push_back(range.first);
        bounds_.push_back(range.last + 1);
      }
    }
    std::ranges::sort(bounds_);
    bounds_.erase(std::unique(bounds_.begin(), bounds_.end()), bounds_.end());
    std::vector<std::vector<bool>> in_sets(bounds_.size() - 1);  // by run
    for (const PatternItem& item : items) {
      const auto* set = std::get_if<CodePoints>(&item);
      if (set == nullptr) continue;
      const std::vector<bool> is_member = runs_of(*set);
      for (std::size_t run = 0; run < in_sets.size(); ++run) in_sets[run].push_back(is_member[run]);
    }
    number(in_sets, pattern);
  }

  /// A kind for each code point.
  [[nodiscard]] std::vector<char> by_code_point() const {
    std::vector<char> kinds(kCodePoints);
    for (std::size_t run = 0; run < kinds_.size(); ++run) {
      std::fill(kinds.begin() + bounds_[run], kinds.begin() + bounds_[run + 1],
                static_cast<char>(kinds_[run]));
    }
    return kinds;
  }

  /// The kinds of a set, for the engine.
  [[nodiscard]] std::string spell(const CodePoints& set) const {
    std::vector<bool> used(kMostKinds);
    const std::vector<bool> is_member = runs_of(set);
    for (std::size_t run = 0; run < kinds_.size(); ++run) {
      if (is_member[run]) used[kinds_[run]] = true;
    }
    std::string spelled;
    for (std::size_t kind = 0; kind < kMostKinds; ++kind) {
      if (!used[kind]) continue;
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(kind));
      spelled += hex;
    }
    return spelled.empty() ? "(?!)" : "[" + spelled + "]";
  }

 private:
  /// Whether a run is in the set; it is wholly or not at all.
  [[nodiscard]] std::vector<bool> runs_of(const CodePoints& set) const {
    std::vector<bool> is_member;
    auto range = set.begin();
    for (std::size_t run = 0; run + 1 < bounds_.size(); ++run) {
      while (range != set.end() && range->last < bounds_[run]) ++range;
      is_member.push_back(range != set.end() && range->first <= bounds_[run]);
    }
    return is_member;
  }

  void number(const std::vector<std::vector<bool>>& in_sets, const std::string& pattern) {
    std::map<std::vector<bool>, std::size_t> numbers;
    for (const std::vector<bool>& sets : in_sets) {
      kinds_.push_back(numbers.emplace(sets, numbers.size()).first->second);
    }
    if (numbers.size() > kMostKinds) {
      throw std::runtime_error("the pattern '" + pattern +
                               "' tells more than 256 kinds of characters apart, which is not "
                               "implemented");
    }
  }

  std::vector<std::uint32_t> bounds_;  ///< where runs of code points begin, and the end of the last
  std::vector<std::size_t> kinds_;     ///< by run
};

}  // namespace

struct SplitPattern::Code {
  pcre2_code* compiled = nullptr;

  explicit Code(pcre2_code* code) : compiled(code) {}
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(compiled); }
};

SplitPattern::SplitPattern(const std::string& pattern) {
  const auto items = parse_pattern(pattern);
  const Kinds kinds(items, pattern);
  std::string text;
  for (const PatternItem& item : items) {
    const auto* set = std::get_if<CodePoints>(&item);
    text += set == nullptr ? std::get<std::string>(item) : kinds.spell(*set);
  }
  int error = 0;
  std::size_t place = 0;
  code_ = std::make_shared<const Code>(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()),
                                                     text.size(), kCompileOptions, &error, &place,
                                                     nullptr));
  if (code_->compiled == nullptr) {
    throw std::runtime_error("the pattern '" + pattern +
                             "' cannot be compiled: " + message_of(error));
  }
  std::uint32_t matches_empty = 0;
  pcre2_pattern_info(code_->compiled, PCRE2_INFO_MATCHEMPTY, &matches_empty);
  if (matches_empty != 0) {
    throw std::runtime_error("the pattern '" + pattern +
                             "' may match an empty text, which is not implemented");
  }
  // Without a JIT, on some machines, the slower interpreter finds the same matches.
  pcre2_jit_compile(code_->compiled, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
  kinds_ = std::make_shared<const std::vector<char>>(kinds.by_code_point());
}

struct PatternMatcher::Data {
  pcre2_match_data* result = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;

  explicit Data(const pcre2_code* code)
      : result(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(kFirstStackBytes, kMostStackBytes, nullptr)) {
    if (result == nullptr || context == nullptr) throw std::bad_alloc();
    pcre2_jit_stack_assign(context, nullptr, stack);
    pcre2_set_heap_limit(context, kMostHeapKib);
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
  ~Data() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(result);
  }
};

PatternMatcher::PatternMatcher(const SplitPattern& pattern)
    : pattern_(pattern), data_(std::make_unique<Data>(pattern.code_->compiled)) {}
PatternMatcher::~PatternMatcher() = default;
PatternMatcher::PatternMatcher(PatternMatcher&&) noexcept = default;

void PatternMatcher::start(std::string_view text) {
  text_ = text;
  window_.clear();
  window_end_ = at_ = at_byte_ = 0;
}

void PatternMatcher::move_window() {
  window_.erase(0, at_);
  at_ = 0;
  const std::size_t more = std::max(kWindow, window_.size());
  const std::vector<char>& kinds = *pattern_.kinds_;
  for (std::size_t i = 0; i < more && window_end_ < text_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text_[window_end_]);
    if (byte < 0x80) {
      window_ += kinds[byte];
      ++window_end_;
    } else {
      const Decoded decoded = decode_utf8(text_, window_end_).value();
      window_ += kinds[decoded.code_point];
      window_end_ += decoded.bytes;
    }
  }
}

void PatternMatcher::advance(std::size_t characters) {
  at_ += characters;
  for (; characters > 0; --characters) {
    const auto byte = static_cast<unsigned char>(text_[at_byte_]);
    at_byte_ += 1U + (byte >= 0xC0 ? 1U : 0U) + (byte >= 0xE0 ? 1U : 0U) + (byte >= 0xF0 ? 1U : 0U);
  }
}

int PatternMatcher::match() const {
  const auto match_with = [this](std::uint32_t options) {
    if (window_end_ != text_.size()) options |= PCRE2_PARTIAL_HARD;
    return pcre2_match(pattern_.code_->compiled, reinterpret_cast<PCRE2_SPTR>(window_.data()),
                       window_.size(), at_, options, data_->result, data_->context);
  };
  const int found = match_with(0);
  // The interpreter keeps its state on the heap, which has more room.
  return found == PCRE2_ERROR_JIT_STACKLIMIT ? match_with(PCRE2_NO_JIT) : found;
}

bool PatternMatcher::next(Match& match) {
  for (;;) {
    const bool is_whole = window_end_ == text_.size();
    const int found = this->match();
    const std::size_t* const place = pcre2_get_ovector_pointer(data_->result);
    if (found > 0) {
      const std::size_t length = place[1] - place[0];
      advance(place[0] - at_);
      match.first = at_byte_;
      advance(length);
      match.end = at_byte_;
      return true;
    }
    if (found == PCRE2_ERROR_NOMATCH && is_whole) return false;
    if (found != PCRE2_ERROR_NOMATCH && found != PCRE2_ERROR_PARTIAL) {
      throw std::runtime_error("a text cannot be split by the tokenizer's pattern: " +
                               message_of(found));
    }
    advance((found == PCRE2_ERROR_PARTIAL ? place[0] : window_.size()) - at_);
    move_window();
  }
}

namespace {

/// Whether a part of a text and the one behind it are one piece, by whether they are matches.
bool joins(SplitBehavior behavior, bool is_match, bool next_is_match) {
  switch (behavior) {
    case SplitBehavior::kMergedWithPrevious: return !is_match && next_is_match;
    case SplitBehavior::kMergedWithNext: return is_match && !next_is_match;
    case SplitBehavior::kContiguous: return is_match == next_is_match;
    default: return false;
  }
}

}  // namespace

void TextSplitter::split(std::string_view text, const Piece& piece) {
  std::size_t first = 0;  // of the piece that may still grow
  std::size_t end = 0;
  bool was_match = false;
  const auto finish = [&] {
    if (end > first && !(was_match && behavior_ == SplitBehavior::kRemoved)) {
      piece(text.substr(first, end - first));
    }
    first = end;
  };
  const auto take = [&](std::size_t part_end, bool is_match) {
    if (part_end == end) return;
    if (!joins(behavior_, was_match, is_match)) finish();
    end = part_end;
    was_match = is_match;
  };
  matcher_.start(text);
  for (PatternMatcher::Match match{}; matcher_.next(match);) {
    take(match.first, invert_);
    take(match.end, !invert_);
  }
  take(text.size(), invert_);
  finish();
}

}  // namespace millrace::datasets
