// Opens texts as characters: chooses their vocabulary, and handles characters that it lacks.
#include "datasets/open/open_characters.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "datasets/characters/character_vocabulary.h"
#include "datasets/characters/mapped_text.h"
#include "datasets/index/open_text.h"
#include "datasets/index/splits.h"
#include "datasets/io/utf8.h"
#include "datasets/open/documents.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

using Text = std::shared_ptr<const IndexedText>;

/// The characters of a text that a vocabulary lacks.
struct Unknown {
  std::optional<CharacterCount> first;  ///< the one that occurs first in the text
  std::uint64_t different = 0;
  std::uint64_t occurrences = 0;
};

Unknown unknown_in(const IndexedText& text, const CharacterVocabulary& vocabulary) {
  Unknown unknown;
  for (const CharacterCount& each : text.alphabet()) {
    if (vocabulary.id_of(each.code_point) != CharacterVocabulary::kNoId) continue;
    if (!unknown.first || each.first_byte < unknown.first->first_byte) unknown.first = each;
    ++unknown.different;
    unknown.occurrences += each.count;
  }
  return unknown;
}

/// "'ž' (U+017E)"; for a control character only "U+0007".
std::string shown(std::uint64_t code_point) {
  char number[16];
  std::snprintf(number, sizeof number, "U+%04llX", static_cast<unsigned long long>(code_point));
  const bool printable = code_point >= 0x20 && (code_point < 0x7F || code_point > 0x9F);
  return printable ? "'" + encode_utf8(static_cast<char32_t>(code_point)) + "' (" + number + ")"
                   : number;
}

std::string described(const Unknown& unknown, const SourceFiles& sources,
                      const std::string& vocabulary) {
  const std::string where = sources.is_in_place() ? "" : " of its text";
  return sources.path.string() + ": " + std::to_string(unknown.occurrences) +
         " of its characters are not in " + vocabulary + " (" + std::to_string(unknown.different) +
         " different ones), the first is " + shown(unknown.first->code_point) + " at byte offset " +
         std::to_string(unknown.first->first_byte) + where;
}

std::vector<std::string> text8_symbols() {
  std::vector<std::string> symbols{" "};
  for (char c = 'a'; c <= 'z'; ++c) symbols.emplace_back(1, c);
  return symbols;
}

void check_text8(const IndexedText& text, const SourceFiles& sources) {
  const Unknown other = unknown_in(text, CharacterVocabulary(text8_symbols()));
  if (!other.first) return;
  throw std::runtime_error(described(other, sources, "text8's 27 symbols") +
                           "; say --data.format=text for another text");
}

/// A dataset that is being opened.
struct Opened {
  const DatasetSpec* spec;
  const SourceFiles* sources;
  Text text;
};

/// Applies data.unknown to characters that the vocabulary lacks.
void handle_unknown(Opened& opened, const CharacterVocabulary& vocabulary,
                    const SetOptions& options) {
  const Unknown unknown = unknown_in(*opened.text, vocabulary);
  if (!unknown.first) return;
  const std::string what = described(unknown, *opened.sources, options.vocabulary);
  if (options.unknown == UnknownCharacters::kError) {
    throw std::runtime_error(what +
                             "; choose what becomes of them with --data.unknown=replace or "
                             "--data.unknown=drop, or name another --data.vocabulary");
  }
  if (options.unknown == UnknownCharacters::kReplace) {
    spdlog::warn("{}; [UNK] stands for them (data.unknown)", what);
    return;
  }
  spdlog::warn("{}; they are left out (data.unknown)", what);
  opened.text = open_text(*opened.sources, *opened.spec, vocabulary.characters());
}

/// The vocabulary of all characters in the texts; if the only text is text8, its 27 symbols.
CharacterVocabulary union_of(std::span<const Opened> all) {
  if (all.size() == 1 && all.front().sources->format->content == Content::kText8) {
    return CharacterVocabulary(text8_symbols());
  }
  std::vector<std::span<const CharacterCount>> alphabets;
  for (const Opened& each : all) alphabets.push_back(each.text->alphabet());
  return vocabulary_of(alphabets);
}

/// The dataset's hash: content_hash() if the vocabulary is that of this text alone, else a hash of
/// content_hash() and the vocabulary.
std::string hash_of(const Opened& opened, const CharacterVocabulary& vocabulary) {
  const std::string own = content_hash(*opened.text, *opened.sources);
  if (vocabulary.vocabulary().tokens == union_of(std::span(&opened, 1)).vocabulary().tokens) {
    return own;
  }
  std::string all = "vocabulary " + own;
  for (const std::string& token : vocabulary.vocabulary().tokens) {
    all += " " + std::to_string(token.size()) + ":" + token;
  }
  return proto::hex16(proto::xxh64(all));
}

}  // namespace

std::vector<Dataset> open_characters(std::span<const NamedSpec> specs,
                                     std::span<const SourceFiles> sources,
                                     const SetOptions& options) {
  std::vector<Opened> all;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    all.push_back({&specs[i].spec, &sources[i], open_text(sources[i], specs[i].spec)});
  }
  for (const Opened& each : all) {
    if (each.sources->format->content == Content::kText8) check_text8(*each.text, *each.sources);
  }
  const auto vocabulary = std::make_shared<const CharacterVocabulary>(
      options.vocabulary.empty()
          ? union_of(all)
          : load_vocabulary(options.vocabulary, options.unknown == UnknownCharacters::kReplace));
  std::vector<Dataset> datasets;
  for (std::size_t i = 0; i < all.size(); ++i) {
    handle_unknown(all[i], *vocabulary, options);
    const Cuts cuts = cut_text(*all[i].text, sources[i], options.shares);
    datasets.push_back({name_of(specs[i]),
                        make_mapped_text(all[i].text, vocabulary, cuts,
                                         hash_of(all[i], *vocabulary), sources[i].path.string())});
  }
  return datasets;
}

}  // namespace millrace::datasets
