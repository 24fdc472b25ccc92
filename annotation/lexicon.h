// The words that the built-in tagger knows: closed classes in full, some hundred common nouns,
// verbs, adjectives and adverbs, and the endings that tell the class of the others. Written for
// Millrace. English. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::annotation {

/// Classes that a word may have, as bits.
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

struct Entry {
  std::uint16_t classes = kNone;  ///< all that it may be
  std::uint16_t usual = kNone;    ///< the one to take where nothing else tells
  bool known = false;             ///< listed, or an inflected form of a listed word
};

/// What a word in lower case may be; by its endings where it is not listed.
[[nodiscard]] Entry look_up(std::string_view lower_case);

/// Words that say little by themselves, in lower case: closed classes, and the commonest verbs,
/// adverbs and adjectives.
[[nodiscard]] bool is_stop_word(std::string_view lower_case);

}  // namespace millrace::annotation
