// A vocab.json, and the meta.json beside token files.
#include <set>

#include "datasets/characters/character_vocabulary.h"
#include "datasets/tokens/token_notes.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

/// Whether the object has one of the keys that are read.
bool take_notes(std::string_view input) {
  try {
    const datasets::TokenNotes notes = datasets::parse_token_notes(input, "input");
    return notes.width || notes.vocab_size || notes.end_of_text;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

bool take_vocabulary(std::string_view input) {
  const bool notes = take_notes(input);
  try {
    const auto tokens = datasets::parse_vocabulary(input, "input");
    require(std::set<std::string>(tokens.begin(), tokens.end()).size() == tokens.size(),
            "no token comes twice");
    const std::string path = scratch_file("vocabulary", "");
    datasets::save_vocabulary(path, tokens);
    require(datasets::load_vocabulary(path, false).vocabulary().tokens == tokens,
            "what was saved comes back");
    return true;
  } catch (const std::runtime_error&) {
    return notes;
  }
}

}  // namespace millrace::fuzz
