// Splits texts at the matches of a regular expression, by PCRE2.
//
// The engine never sees a character: the sets of the pattern (pattern_syntax.h) divide all code
// points into a few kinds, each a byte, and a pattern of bytes is matched in a text of bytes. So it
// is fast, and no table of the library's decides how a text is split.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

/// What becomes of the matches, and of the texts between them, as in the package `tokenizers`.
enum class SplitBehavior : std::uint8_t {
  kRemoved,             ///< matches are left out
  kIsolated,            ///< a match is a piece
  kMergedWithPrevious,  ///< a match belongs to the text before it
  kMergedWithNext,      ///< a match belongs to the text behind it
  kContiguous           ///< matches that follow each other are one piece
};

struct SplitRule {
  std::string pattern;
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool invert = false;  ///< matches are what is between the matches of the pattern
};

/// A compiled pattern. Immutable, so any thread may use one.
class SplitPattern {
 public:
  /// Throws std::runtime_error that names the pattern, for what is not implemented (parse_pattern),
  /// and for patterns that match empty texts.
  explicit SplitPattern(const std::string& pattern);

 private:
  friend class PatternMatcher;
  struct Code;
  std::shared_ptr<const Code> code_;
  std::shared_ptr<const std::vector<char>> kinds_;  ///< by code point
};

/// Finds the matches of a pattern in a text, in order. Takes memory for the longest match, not for
/// the text. One thread for each matcher.
class PatternMatcher {
 public:
  /// In bytes of the text, first < end.
  struct Match {
    std::size_t first;
    std::size_t end;
  };

  /// The pattern must outlive the matcher.
  explicit PatternMatcher(const SplitPattern& pattern);
  ~PatternMatcher();
  PatternMatcher(PatternMatcher&&) noexcept;
  PatternMatcher& operator=(PatternMatcher&&) = delete;

  /// Starts with a text, which must be UTF-8 and outlive the calls of next().
  void start(std::string_view text);
  /// Whether there is another match; `match` is that. Throws std::runtime_error where the engine
  /// gives up: a match takes more steps, or more memory (1 GiB), than anyone would wait for.
  [[nodiscard]] bool next(Match& match);

 private:
  static constexpr std::size_t kWindow = std::size_t{1} << 14;  ///< characters

  struct Data;

  /// Forgets the characters before position at_ of the window, and adds some behind its end.
  void move_window();
  /// pcre2_match() at at_.
  [[nodiscard]] int match() const;
  /// Goes on by so many characters.
  void advance(std::size_t characters);

  const SplitPattern& pattern_;
  std::unique_ptr<Data> data_;
  std::string_view text_;
  std::string window_;        ///< kinds of characters
  std::size_t window_end_{};  ///< in text_
  std::size_t at_{};          ///< in window_
  std::size_t at_byte_{};     ///< the same in text_
};

/// Splits texts by one rule. One thread for each.
class TextSplitter {
 public:
  using Piece = std::function<void(std::string_view)>;

  /// The pattern must outlive the splitter.
  TextSplitter(const SplitPattern& pattern, SplitBehavior behavior, bool invert)
      : matcher_(pattern), behavior_(behavior), invert_(invert) {}

  /// Calls piece() for each piece of a text, in order; no piece is empty.
  void split(std::string_view text, const Piece& piece);

 private:
  PatternMatcher matcher_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace millrace::datasets
