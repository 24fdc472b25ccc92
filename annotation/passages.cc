// Cutting documents into passages.
#include "annotation/passages.h"

#include <algorithm>

#include "base/utf8.h"

namespace millrace::annotation {
namespace {

/// The offset at which passage j begins, in [j, j + 1] · kPassageBytes.
std::size_t cut(std::string_view document, std::uint64_t j) {
  if (j == 0) return 0;
  const std::size_t from = static_cast<std::size_t>(j) * kPassageBytes;
  if (from >= document.size()) return document.size();
  const std::string_view near = document.substr(from, kPassageBytes);
  for (const std::string_view mark : {std::string_view("\n\n"), std::string_view("\n")}) {
    const std::size_t found = near.find(mark);
    if (found != std::string_view::npos) return from + found + mark.size();
  }
  // The space belongs to the following passage, as tokenizers expect it before a word.
  if (const std::size_t space = near.find(' '); space != std::string_view::npos) {
    return from + space;
  }
  std::size_t at = 0;
  // Not inside a character: skip continuation bytes.
  while (at < near.size() && base::is_continuation(near[at])) ++at;
  return from + at;
}

}  // namespace

std::uint64_t passages_of(std::string_view document) {
  return std::max<std::uint64_t>(1, (document.size() + kPassageBytes - 1) / kPassageBytes);
}

std::string_view passage_of(std::string_view document, std::uint64_t j) {
  const std::size_t begin = cut(document, j);
  const std::size_t end = j + 1 == passages_of(document) ? document.size() : cut(document, j + 1);
  return document.substr(begin, end - begin);
}

std::uint64_t count_passages(const datasets::Documents& documents) {
  std::uint64_t count = 0;
  for (std::uint64_t d = 0; d < documents.count(); ++d) count += passages_of(documents.document(d));
  return count;
}

}  // namespace millrace::annotation
