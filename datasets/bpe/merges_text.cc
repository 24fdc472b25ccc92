// Parsing of merges.txt and vocab.bpe: a merge on each line, two tokens with a space between.
#include <algorithm>
#include <stdexcept>
#include <string>

#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/bpe_vocabulary.h"
#include "datasets/bpe/byte_alphabet.h"

namespace millrace::datasets {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kVersion = "#version";  // starts the first line

Merges parse_merges(std::string_view text) {
  Merges merges;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kVersion)) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      throw std::runtime_error(
          "line " + std::to_string(number) +
          " is not two tokens with one space between; is this a list of merges?");
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

}  // namespace

BpeParts parse_vocab_and_merges(std::string_view vocab_json, std::string_view merges) {
  BpeParts parts;
  parts.vocabulary = tokens_by_id(parse_json(vocab_json));
  parts.merges = parse_merges(merges);
  const auto end_of_text = std::ranges::find(parts.vocabulary, kEndOfText);
  if (end_of_text != parts.vocabulary.end()) {
    const auto id = static_cast<std::uint32_t>(end_of_text - parts.vocabulary.begin());
    parts.added.push_back({.content = std::string(kEndOfText), .id = id, .special = true});
  }
  return parts;
}

BpeParts parse_vocab_bpe(std::string_view merges) {
  BpeParts parts;
  parts.merges = parse_merges(merges);
  for (const std::uint8_t byte : byte_alphabet()) {
    const char as_char = static_cast<char>(byte);
    parts.vocabulary.push_back(spell_bytes({&as_char, 1}));
  }
  for (const auto& [left, right] : parts.merges) parts.vocabulary.push_back(left + right);
  const auto next = static_cast<std::uint32_t>(parts.vocabulary.size());
  parts.added.push_back({.content = std::string(kEndOfText), .id = next, .special = true});
  return parts;
}

}  // namespace millrace::datasets
