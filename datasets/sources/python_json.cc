// One pass over a line, in and out of strings (python_json.h).
#include "datasets/sources/python_json.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace millrace::datasets {
namespace {

constexpr std::size_t kEscapeBytes = 6;  // \uXXXX

/// The number of the escape \uXXXX with which `text` begins; empty where it begins with none.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < kEscapeBytes || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + kEscapeBytes;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

bool is_high(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Standard {
 public:
  explicit Standard(std::string_view line) : rest_(line) {}

  StandardJson run() {
    while (!rest_.empty()) {
      if (rest_.front() == '"') {
        take_string();
      } else if (!take_word("NaN") && !take_word("-Infinity") && !take_word("Infinity")) {
        is_digit(rest_.front()) ? take_digits() : copy(1);
      }
    }
    return std::move(made_);
  }

 private:
  void copy(std::size_t bytes) {
    bytes = std::min(bytes, rest_.size());
    made_.line += rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
  }

  /// Writes 0 for a name of a number that stands alone.
  bool take_word(std::string_view word) {
    constexpr std::string_view kOfNumbers = "0123456789+-.eE";
    const auto joins = [&](char c) { return kOfNumbers.find(c) != std::string_view::npos; };
    if (!rest_.starts_with(word)) return false;
    if (!made_.line.empty() && joins(made_.line.back())) return false;
    if (rest_.size() > word.size() && joins(rest_[word.size()])) return false;
    made_.line += '0';
    rest_.remove_prefix(word.size());
    return true;
  }

  /// Keeps two digits of many, which is a number in range wherever all of them are a number.
  void take_digits() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    made_.line += rest_.substr(0, std::min<std::size_t>(end, 2));
    rest_.remove_prefix(end);
  }

  void take_string() {
    bool damaged = false;
    copy(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') {
        damaged = take_escape() || damaged;
      } else {
        copy(std::min(rest_.find_first_of("\"\\"), rest_.size()));
      }
    }
    copy(1);
    if (damaged) made_.damaged_strings.push_back(strings_);
    ++strings_;
  }

  /// Whether it was a half of a pair.
  bool take_escape() {
    const auto unit = escaped_unit(rest_);
    if (!unit || (!is_high(*unit) && !is_low(*unit))) {
      copy(2);
      return false;
    }
    const auto next = escaped_unit(rest_.substr(kEscapeBytes));
    if (is_high(*unit) && next && is_low(*next)) {
      copy(2 * kEscapeBytes);
      return false;
    }
    made_.line += "\\ufffd";
    rest_.remove_prefix(kEscapeBytes);
    return true;
  }

  std::string_view rest_;
  StandardJson made_;
  std::size_t strings_ = 0;
};

}  // namespace

StandardJson standard_json(std::string_view line) { return Standard(line).run(); }

}  // namespace millrace::datasets
