// Loading: which text, its characters, its vocabulary, its splits, its line starts.
#include "providers/corpus.h"

#include <spdlog/spdlog.h>

#include <limits>
#include <numbers>
#include <stdexcept>

#include "proto/digest.h"
#include "proto/files.h"
#include "proto/schema.h"
#include "providers/fixed_point.h"
#include "providers/markov_source.h"
#include "providers/utf8.h"

namespace millrace::providers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGetText = "name another with --data.path=FILE, or fetch one with scripts/get-data tinyshakespeare";

[[noreturn]] void fail(const std::string& place, const std::string& what, const std::string& next) {
  throw std::runtime_error(place + ": " + what + "; " + next);
}

Text read_text(const fs::path& path) {
  if (!fs::exists(path)) {
    fail(path.empty() ? "data.path" : path.string(), "there is no such text file",
         std::string(kGetText) + ", or leave data.path unset for a generated text");
  }
  if (fs::is_directory(path)) fail(path.string(), "this is a folder, not a text file", std::string(kGetText));
  return {path.filename().string(), path.string(), proto::read_file(path)};
}

Text generated_text() {
  const MarkovSource source;
  const double nats = source.entropy_rate_nats();
  spdlog::warn(
      "no text at {}: using the generated corpus, {} characters of a Markov source with an entropy rate of {:.4f} bits = {:.4f} "
      "nats a character; for real text {}",
      kDefaultTextPath, kGeneratedCharacters, nats / std::numbers::ln2, nats, kGetText);
  return {"generated-markov1", "the generated corpus", source.generate(kGeneratedCharacters)};
}

/// Calls visit(code_point) for every character of the text.
template <class Visit>
void for_each_character(const Text& text, Visit visit) {
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::optional<Decoded> decoded = decode_utf8(text.bytes, at);
    if (!decoded) {
      fail(text.place, "not valid UTF-8 at byte offset " + std::to_string(at),
           "convert it, e.g. with iconv -f ISO-8859-1 -t UTF-8");
    }
    visit(decoded->code_point);
    at += decoded->bytes;
  }
}

/// The vocabulary without "[MASK]", and each character's id by code point.
struct Characters {
  std::vector<std::string> vocabulary;
  std::vector<std::uint32_t> ids;
  std::size_t count = 0;  ///< characters of the text
};

Characters count_characters(const Text& text) {
  Characters found;
  std::vector<bool> seen;
  for_each_character(text, [&](char32_t c) {
    if (c >= seen.size()) seen.resize(c + 1);
    seen[c] = true;
    ++found.count;
  });
  found.ids.resize(seen.size());
  for (char32_t c = 0; c < seen.size(); ++c) {
    if (!seen[c]) continue;
    found.ids[c] = static_cast<std::uint32_t>(found.vocabulary.size());
    found.vocabulary.push_back(encode_utf8(c));
  }
  return found;
}

template <class Token>
std::vector<Token> encode(const Text& text, const Characters& characters) {
  std::vector<Token> tokens;
  tokens.reserve(characters.count);
  for_each_character(text, [&](char32_t c) { tokens.push_back(static_cast<Token>(characters.ids[c])); });
  return tokens;
}

Tokens encode(const Text& text, const Characters& characters, std::size_t vocab_size) {
  switch (proto::narrowest(vocab_size, false)) {
    case proto::WireType::kU8: return encode<std::uint8_t>(text, characters);
    case proto::WireType::kU16: return encode<std::uint16_t>(text, characters);
    default: return encode<std::uint32_t>(text, characters);
  }
}

/// Positions of [first, last) at which a line of the whole text starts, that is not empty, and from which a block fits.
std::vector<std::uint32_t> line_starts(const Tokens& tokens, std::uint32_t newline, std::size_t first, std::size_t last,
                                       std::uint32_t block_size) {
  std::vector<std::uint32_t> starts;
  const auto collect = [&](const auto& ids) {
    for (std::size_t p = first; p + block_size <= last; ++p) {
      if (ids[p] != newline && (p == 0 || ids[p - 1] == newline)) starts.push_back(static_cast<std::uint32_t>(p));
    }
  };
  std::visit(collect, tokens);
  return starts;
}

/// The id of the newline; one that no token has where the text has none.
std::uint32_t newline_id(const std::vector<std::string>& vocabulary) {
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary[id] == "\n") return id;
  }
  return std::numeric_limits<std::uint32_t>::max();
}

/// One split's part of the text.
struct Part {
  std::string_view name;
  std::size_t first;
  std::size_t last;
};

void check_part(const std::string& place, const Part& part, bool has_start, std::uint32_t block_size) {
  const std::size_t length = part.last - part.first;
  const std::string sizes = "its " + std::string(part.name) + " part has " + std::to_string(length) +
                            " characters, and a sample takes provider.block_size = " + std::to_string(block_size);
  if (length < block_size) {
    fail(place, sizes, "use a longer text, a smaller --provider.block_size or another --data.val_fraction");
  }
  if (!has_start) {
    fail(place, sizes + " from the start of a line, but no line starts early enough for that",
         "use a smaller --provider.block_size or a text with more lines");
  }
}

}  // namespace

Text load_text(const config::DataOptions& options, const fs::path& folder) {
  if (options.path) return read_text(*options.path);
  const fs::path usual = folder / kDefaultTextPath;
  return fs::exists(usual) ? read_text(usual) : generated_text();
}

Corpus make_corpus(const Text& text, double val_fraction, std::uint32_t block_size) {
  if (!(val_fraction >= 0 && val_fraction < 1)) {
    fail("data.val_fraction", std::to_string(val_fraction) + " is not a fraction of the text", "use one in [0, 1), e.g. 0.1");
  }
  if (text.bytes.empty()) fail(text.place, "the text is empty", std::string(kGetText));
  const Characters characters = count_characters(text);
  if (characters.count > std::numeric_limits<std::uint32_t>::max()) {
    fail(text.place, std::to_string(characters.count) + " characters are more than 2^32 - 1", "use a part of it");
  }

  Corpus corpus;
  corpus.name = text.name;
  corpus.hash = proto::hex16(proto::xxh64(text.bytes));
  corpus.vocabulary = characters.vocabulary;
  corpus.mask_token_id = static_cast<std::uint32_t>(corpus.vocabulary.size());
  corpus.vocabulary.emplace_back("[MASK]");
  corpus.tokens = encode(text, characters, corpus.vocabulary.size());

  const std::size_t train_count = characters.count * (kNano - in_nano(val_fraction)) / kNano;
  const auto add_split = [&](proto::Split split, const Part& part) {
    auto& starts = corpus.starts[static_cast<std::size_t>(split)];
    starts = line_starts(corpus.tokens, newline_id(corpus.vocabulary), part.first, part.last, block_size);
    check_part(text.place, part, !starts.empty(), block_size);
  };
  add_split(proto::Split::kTrain, {"training", 0, train_count});
  if (val_fraction > 0) add_split(proto::Split::kVal, {"validation", train_count, characters.count});
  return corpus;
}

}  // namespace millrace::providers
