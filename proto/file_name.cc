// Which names may become part of a path (file_name.h).
#include "proto/file_name.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

namespace millrace::proto {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kAllowed =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
/// Of a refused name, so that the message stays one line of a readable length.
constexpr std::size_t kShownBytes = 60;

/// The name as an error shows it: the start of it, in quotes, other characters as "?".
std::string shown(std::string_view name) {
  std::string text(name.substr(0, kShownBytes));
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  std::ranges::replace_if(text, std::not_fn(is_printable), '?');
  return '"' + text + (name.size() > kShownBytes ? "…\"" : "\"");
}

[[noreturn]] void refuse(std::string_view name, std::string_view what, const std::string& rule) {
  throw std::runtime_error(std::string(what) + ' ' + rule + ": " + shown(name));
}

}  // namespace

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostFileNameBytes && !name.starts_with('.') &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_id(std::string_view name) {
  return name.size() == kIdDigits && name.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::filesystem::path file_in(const std::filesystem::path& folder, std::string_view name,
                              std::string_view what) {
  if (!is_file_name(name)) {
    refuse(name, what,
           "is no name of a file (letters, digits and \"._-\", not starting with a dot, at most " +
               std::to_string(kMostFileNameBytes) + ')');
  }
  return folder / name;
}

std::filesystem::path file_of_id(const std::filesystem::path& folder, std::string_view id,
                                 std::string_view what) {
  if (!is_id(id)) refuse(id, what, "is not 16 lower-case hex digits");
  return folder / id;
}

}  // namespace millrace::proto
