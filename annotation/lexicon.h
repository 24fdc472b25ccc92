// The lexicon of the built-in tagger: English words of the closed classes in full, some hundred
// common nouns, verbs, adjectives and adverbs, and endings that suggest the class of other words.
// Written for Millrace. Immutable, so any thread may use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::annotation {

/// Classes of words, as bits.
enum Class : std::uint16_t {
  kNone = 0,
  kN = 1,            ///< noun
  kV = 2,            ///< verb, any form
  kA = 4,            ///< adjective
  kR = 8,            ///< adverb
  kDeterminer = 16,  ///< and possessives
  kPronoun = 32,
  kPreposition = 64,  ///< and subordinating conjunctions
  kConjunction = 128,
  kModal = 256,
  kBe = 512,
  kHave = 1024,
  kDo = 2048,
  kTo = 4096,
  kNot = 8192,
  kNumber = 16384,
  kProper = 32768,
};
inline constexpr std::uint16_t kOpen = kN | kV | kA | kR;
inline constexpr std::uint16_t kAuxiliary = kModal | kBe | kHave | kDo;

/// An entry of the lexicon.
struct Entry {
  std::uint16_t classes = kNone;  ///< all classes that the word may have
  std::uint16_t usual = kNone;    ///< the likeliest one without context
  bool known = false;             ///< listed, or an inflected form of a listed word
};

/// The entry of a word in lower case; a guess by its ending where it is not listed.
[[nodiscard]] Entry look_up(std::string_view lower_case);

/// Whether a word in lower case carries little meaning: closed classes, and the commonest verbs,
/// adverbs and adjectives.
[[nodiscard]] bool is_stop_word(std::string_view lower_case);

}  // namespace millrace::annotation
