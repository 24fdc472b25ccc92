// A parser that goes through the pattern once.
#include "datasets/bpe/pattern_syntax.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

constexpr char32_t kLongS = 0x17F;    // its capital is S
constexpr char32_t kKelvin = 0x212A;  // its small letter is k
constexpr std::uint32_t kLastAscii = 0x7F;
constexpr std::size_t kMostDepth = 16;

CodePoints only(char32_t c) { return {{c, c}}; }

bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

/// ASCII characters, and those that differ from one of them only in case.
CodePoints of_either_case(const CodePoints& set) {
  CodePoints both = set;
  for (const CodePointRange& range : set) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      if (!is_letter(c)) continue;
      both = united(both, only(c ^ 0x20));
      if ((c | 0x20) == 's') both = united(both, only(kLongS));
      if ((c | 0x20) == 'k') both = united(both, only(kKelvin));
    }
  }
  return both;
}

/// Whether a set is one letter in either case.
bool is_one_letter(const CodePoints& set) {
  return !set.empty() && is_letter(set.front().first) &&
         set == of_either_case(only(set.front().first));
}

class PatternParser {
 public:
  explicit PatternParser(std::string_view pattern) : pattern_(pattern) {}

  std::vector<PatternItem> run() {
    while (at_ < pattern_.size()) take_one();
    if (!groups_.empty()) refuse("a group without its end");
    return std::move(items_);
  }

 private:
  struct Group {
    bool caseless_outside;
    bool looks_ahead;
    bool empty_before;          ///< empty_ where the group begins
    bool s_or_f_before;         ///< s_or_f_ where it begins
    std::size_t parts_outside;  ///< parts_ where it begins
    bool some_empty = false;    ///< an alternative of it before the current one may match nothing
    bool some_end_in_s_or_f = false;  ///< s_or_f_ at the end of one of those
  };

  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error("the pattern '" + std::string(pattern_) + "' has " + what +
                             " before or at its byte " + std::to_string(at_) +
                             ", which is not implemented, and without it the ids would be others");
  }

  [[nodiscard]] bool accept(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  [[nodiscard]] bool is_next(std::string_view text) const {
    return pattern_.substr(at_).starts_with(text);
  }
  char32_t next() {
    if (at_ == pattern_.size()) refuse("no end");
    const auto decoded = decode_utf8(pattern_, at_);
    if (!decoded) refuse("a character that is not UTF-8");
    at_ += decoded->bytes;
    return decoded->code_point;
  }

  void take_one() {
    const char32_t c = next();
    switch (c) {
      case '(': return open_group();
      case ')': return close_group();
      case '|': return next_alternative();
      case '*':
      case '+':
      case '?': return repetition(static_cast<char>(c));
      case '{': return counted_repetition();
      case '[': return one_of(bracket());
      case '.': return one_of(complement(only('\n')));
      case '$': return end_of_line();
      case '^': refuse("'^'");
      case '\\': return one_of(escaped());
      default: return one_of(cased(only(c)));
    }
  }

  void syntax(std::string text, bool repeatable) {
    items_.emplace_back(std::move(text));
    repeatable_ = repeatable;
  }
  void one_of(CodePoints set) {
    // "ss" is also ß, "st" and "ff" are also single characters, however they are written.
    const bool letter = caseless_ && is_one_letter(set);
    if (letter && s_or_f_) refuse("a letter behind an s or f in (?i:…)");
    const char32_t capital = letter ? set.front().first : 0;
    s_or_f_ = capital == 'S' || capital == 'F';
    items_.emplace_back(std::move(set));
    took_atom(empty_, false);
  }
  /// `before`: empty_ before what can now be repeated; `may_be_empty`: whether that can match
  /// nothing.
  void took_atom(bool before, bool may_be_empty) {
    repeatable_ = true;
    ++parts_;
    looks_ahead_alone_ = false;
    empty_before_atom_ = before;
    atom_may_be_empty_ = may_be_empty;
    empty_ = before && may_be_empty;
  }

  void next_alternative() {
    if (!groups_.empty()) {
      groups_.back().some_empty |= empty_;
      groups_.back().some_end_in_s_or_f |= s_or_f_;
    }
    empty_ = true;
    s_or_f_ = !groups_.empty() && groups_.back().s_or_f_before;
    ++parts_;
    syntax("|", false);
  }

  /// The end of the text, or a newline, follows.
  void end_of_line() {
    syntax("(?!", false);
    items_.emplace_back(complement(only('\n')));
    syntax(")", false);
    took_look_ahead();
  }

  void took_look_ahead() {
    ++parts_;
    looks_ahead_alone_ = parts_ == 1;
    s_or_f_ = false;
  }

  CodePoints cased(CodePoints set) const {
    if (!caseless_) return set;
    if (!set.empty() && set.back().last > kLastAscii) {
      refuse("characters beyond ASCII in (?i:…)");
    }
    return of_either_case(set);
  }

  void open_group() {
    const bool looks_ahead = is_next("?=") || is_next("?!");
    groups_.push_back({caseless_, looks_ahead, empty_, s_or_f_ && !looks_ahead, parts_});
    empty_ = true;
    s_or_f_ = groups_.back().s_or_f_before;
    parts_ = 0;
    for (const char* kind : {"?=", "?!", "?:"}) {
      if (accept(kind)) return syntax("(" + std::string(kind), false);
    }
    if (accept("?i:")) {
      caseless_ = true;
    } else if (is_next("?")) {
      refuse("a group '(" + std::string(pattern_.substr(at_, 2)) + "…'");
    }
    syntax("(?:", false);
  }

  void close_group() {
    if (groups_.empty()) refuse("the end of a group that did not begin");
    const Group group = groups_.back();
    groups_.pop_back();
    caseless_ = group.caseless_outside;
    syntax(")", false);
    const bool looks_ahead_alone = parts_ == 1 && looks_ahead_alone_;
    parts_ = group.parts_outside;
    if (group.looks_ahead) {
      empty_ = group.empty_before;
      took_look_ahead();
      return;
    }
    s_or_f_ = s_or_f_ || group.some_end_in_s_or_f;
    took_atom(group.empty_before, group.some_empty || empty_);
    looks_ahead_alone_ = looks_ahead_alone;
  }

  /// Checks that something can be repeated, at least so many times. Engines differ about when to
  /// stop where that may match nothing.
  void check_repetition(bool may_be_none, bool is_many) {
    if (!repeatable_) refuse("a repetition of nothing, or of a repetition,");
    if (is_many && atom_may_be_empty_) refuse("a repetition of a group that may match nothing");
    if (looks_ahead_alone_) refuse("a repetition of a group that only looks ahead");
    if (may_be_none) empty_ = empty_before_atom_;
  }

  void repetition(char kind) {
    check_repetition(kind != '+', kind != '?');
    s_or_f_ = false;  // but not behind s{1}, which is s
    std::string text(1, kind);
    if (accept("?")) {
      text += '?';
    } else if (accept("+")) {
      text += '+';
    }
    syntax(text, false);
  }

  [[nodiscard]] std::string digits() {
    const std::size_t first = at_;
    while (at_ < pattern_.size() && is_digit(static_cast<unsigned char>(pattern_[at_]))) ++at_;
    return std::string(pattern_.substr(first, at_ - first));
  }

  /// {n}, {n,} and {n,m}, the last two also lazy. For {n}? and {n}+ engines differ.
  void counted_repetition() {
    const std::string least = digits();
    const bool has_least = !least.empty();
    check_repetition(least.find_first_not_of('0') == std::string::npos, true);
    std::string text = "{" + least;
    const bool has_most = accept(",");
    if (has_most) text += "," + digits();
    if (!has_least || !accept("}")) refuse("'{' that is not {n}, {n,} or {n,m}");
    text += '}';
    if (has_most && accept("?")) text += '?';
    if (is_next("?") || is_next("+")) refuse("'?' or '+' behind a counted repetition");
    syntax(text, false);
  }

  /// The set, or the character, of an escape, behind its backslash.
  CodePoints escaped() {
    const char32_t c = next();
    switch (c) {
      case 's': return cased(white_space());
      case 'S': return cased(complement(white_space()));
      case 'd': return cased(of_category("Nd").value());
      case 'D': return cased(complement(of_category("Nd").value()));
      case 'p': return cased(property(false));
      case 'P': return cased(property(true));
      default: return cased(only(escaped_character(c)));
    }
  }

  /// Whether the letter behind a backslash stands for a set.
  [[nodiscard]] bool is_set() const {
    return at_ < pattern_.size() &&
           std::string_view("sSdDpP").find(pattern_[at_]) != std::string_view::npos;
  }

  CodePoints property(bool negated) {
    if (!accept("{")) refuse("\\p without {");
    if (accept("^")) negated = !negated;
    const std::size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) refuse("\\p{ without its }");
    const std::string_view name = pattern_.substr(at_, end - at_);
    const auto set = of_category(name);
    if (!set) refuse("the property \\p{" + std::string(name) + "}");
    at_ = end + 1;
    return negated ? complement(*set) : *set;
  }

  char32_t escaped_character(char32_t c) {
    switch (c) {
      case 't': return '\t';
      case 'n': return '\n';
      case 'v': return '\v';
      case 'f': return '\f';
      case 'r': return '\r';
      case 'a': return '\a';
      case 'e': return 0x1B;
      case 'u': return hexadecimal(4, kCodePoints - 1);
      case 'x': return accept("{") ? braced_hexadecimal() : hexadecimal(2, kLastAscii);
      default:
        if (is_letter(c) || is_digit(c) || c > kLastAscii) {
          refuse("'\\" + encode_utf8(c) + "'");
        }
        return c;
    }
  }

  char32_t braced_hexadecimal() {
    const std::size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos || end == at_ || end - at_ > 6) refuse("'\\x{'");
    const char32_t value = hexadecimal(end - at_, kCodePoints - 1);
    ++at_;
    return value;
  }

  char32_t hexadecimal(std::size_t count, char32_t most) {
    char32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char32_t c = next();
      if (is_digit(c)) {
        value = value * 16 + (c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        value = value * 16 + ((c | 0x20) - 'a' + 10);
      } else {
        refuse("a hexadecimal number that is none");
      }
    }
    if (value > most || (value >= 0xD800 && value < 0xE000)) {
      refuse("a hexadecimal number that is no character");
    }
    return value;
  }

  /// A class, behind its '['.
  CodePoints bracket() {
    if (++depth_ > kMostDepth) refuse("too many classes within classes");
    const bool negated = accept("^");
    if (is_next("]")) refuse("']' at the start of a class");
    CodePoints members;
    std::optional<CodePoints> left;  // of "&&"
    for (bool is_first = true; !accept("]"); is_first = false) {
      // Engines fold the case of all of the class at once, or of each part.
      if (caseless_ && (is_next("&&") || is_next("["))) refuse("a class within a class in (?i:…)");
      if (accept("&&")) {
        left = left ? intersection(*left, members) : members;
        members.clear();
      } else if (is_next("[:")) {
        refuse("a class '[:…:]'");
      } else if (accept("[")) {
        members = united(members, bracket());
      } else {
        members = united(members, class_member(is_first));
      }
    }
    --depth_;
    if (left) members = intersection(*left, members);
    return negated ? complement(members) : members;
  }

  CodePoints class_member(bool is_first) {
    if (is_next("-") && !is_first && !is_next("-]")) refuse("'-' inside a class");
    const bool is_escaped = accept("\\");
    if (is_escaped && is_set()) return escaped();
    const char32_t first = is_escaped ? escaped_character(next()) : next();
    if (!is_next("-") || is_next("-]")) return cased(only(first));
    ++at_;
    if (is_next("[")) refuse("a range that ends in a class");
    const char32_t last = accept("\\") ? escaped_character(next()) : next();
    if (last < first) refuse("a range whose end is before its start");
    return cased({{first, last}});
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::vector<PatternItem> items_;
  std::vector<Group> groups_;
  std::size_t depth_ = 0;  ///< of classes within classes
  bool caseless_ = false;
  bool repeatable_ = false;
  bool empty_ = true;  ///< what stands before, in this alternative, may match nothing
  bool empty_before_atom_ = true;
  bool atom_may_be_empty_ = false;
  bool s_or_f_ = false;             ///< just before may be an s or f of either case, written alone
  std::size_t parts_ = 0;           ///< of the group, so far
  bool looks_ahead_alone_ = false;  ///< the part just before is a group that only looks ahead
};

}  // namespace

std::vector<PatternItem> parse_pattern(std::string_view pattern) {
  return PatternParser(pattern).run();
}

}  // namespace millrace::datasets
