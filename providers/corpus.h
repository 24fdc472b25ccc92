// The text that samples are cut from, as characters by number, and where samples may start. One file, or the generated text.
//
// A character is a Unicode code point. The first part of the text is the training split, the rest validation. Immutable after
// loading, so any thread may read it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"
#include "proto/types.h"

namespace millrace::providers {

/// Where a recipe that names no text looks for one.
inline constexpr std::string_view kDefaultTextPath = "data/tinyshakespeare.txt";
inline constexpr std::size_t kGeneratedCharacters = 1'000'000;

/// A text and what to call it.
struct Text {
  std::string name;   ///< of the dataset: the file's name, or "generated-markov1"
  std::string place;  ///< for messages: the path, or "the generated corpus"
  std::string bytes;
};

/// The text that the recipe means: options.path; where that is unset, kDefaultTextPath below `folder` if it exists, else the
/// generated text, with a warning that says its entropy. Throws std::runtime_error for a file that is missing, empty or not
/// readable.
[[nodiscard]] Text load_text(const config::DataOptions& options, const std::filesystem::path& folder = ".");

/// Token ids, in the narrowest type that holds every id including the mask's.
using Tokens = std::variant<std::vector<std::uint8_t>, std::vector<std::uint16_t>, std::vector<std::uint32_t>>;

struct Corpus {
  std::string name;
  std::string hash;                     ///< xxh64 of the text's bytes, 16 hex digits
  std::vector<std::string> vocabulary;  ///< the distinct characters by code point, then "[MASK]"
  std::uint32_t mask_token_id = 0;      ///< the last id
  Tokens tokens;                        ///< the whole text, both splits
  /// By split: first characters of lines of the whole text from which a block fits into the split; ascending. Empty for a split
  /// that the dataset lacks.
  std::array<std::vector<std::uint32_t>, proto::kSplitCount> starts;
};

/// Reads a text into a corpus. floor(n · (1 − val_fraction)) of its n characters are for training, val_fraction counted in 1e-9;
/// no validation split where val_fraction is 0. Throws std::runtime_error naming text.place for a text that is empty, not UTF-8
/// (with the byte's offset), 2^32 characters or longer, or where a split holds no block of block_size that starts at a line.
[[nodiscard]] Corpus make_corpus(const Text& text, double val_fraction, std::uint32_t block_size);

}  // namespace millrace::providers
