// Lists, counted nouns and numbers as text, for messages and for names of files.
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace millrace::base {

/// The items as one text with `separator` between them: "a, b, c". `spell` turns an item into a
/// text or a number (numbers are written in decimal); a pointer to a member will do.
template <class Items, class Spell = std::identity>
[[nodiscard]] std::string joined(Items&& items, std::string_view separator = ", ",
                                 Spell spell = {}) {
  std::string text;
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) text += separator;
    is_first = false;
    const auto& spelled = std::invoke(spell, item);
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(spelled)>>) {
      text += std::to_string(spelled);
    } else {
      text += spelled;
    }
  }
  return text;
}

/// The items as alternatives: "a", "a or b", "a, b or c". `spell` as above.
template <class Items, class Spell = std::identity>
[[nodiscard]] std::string alternatives(Items&& items, Spell spell = {}) {
  const auto begin = std::ranges::begin(items);
  const auto end = std::ranges::end(items);
  if (begin == end) return {};
  const auto last = std::ranges::prev(end);
  const std::string others = joined(std::ranges::subrange(begin, last), ", ", spell);
  return others + (begin == last ? "" : " or ") +
         joined(std::ranges::subrange(last, end), "", spell);
}

/// A count with its noun: "1 token", "2 tokens".
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

/// The decimal number that is the whole of `text`; empty where `text` is anything else or where
/// Number cannot hold it.
template <class Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace millrace::base
