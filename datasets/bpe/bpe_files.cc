// Finding the files of a tokenizer.
#include "datasets/bpe/bpe_files.h"

#include <optional>
#include <stdexcept>
#include <string>

#include "proto/files.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSetTokenizer =
    "set data.tokenizer to a tokenizer.json, a vocab.bpe, a vocab.json beside its merges.txt, or "
    "the folder of one of these";

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + ": " + what);
}

using Tokenizer = std::shared_ptr<const ByteLevelBpe>;

/// A tokenizer of parse()'s result; puts the file's name into parse()'s errors.
template <class Parse>
Tokenizer made_of(const fs::path& path, const Parse& parse) {
  try {
    return std::make_shared<const ByteLevelBpe>(parse());
  } catch (const proto::DiskError&) {
    throw;
  } catch (const std::runtime_error& error) {
    fail(path, error.what());
  }
}

Tokenizer load_tokenizer_json(const fs::path& path) {
  return made_of(path, [&] { return parse_tokenizer_json(proto::read_file(path)); });
}

Tokenizer load_pair(const fs::path& vocab, const fs::path& merges) {
  return made_of(merges, [&] {
    return parse_vocab_and_merges(proto::read_file(vocab), proto::read_file(merges));
  });
}

Tokenizer load_vocab_bpe(const fs::path& path) {
  if (const fs::path encoder = path.parent_path() / "encoder.json"; fs::exists(encoder)) {
    return load_pair(encoder, path);
  }
  return made_of(path, [&] { return parse_vocab_bpe(proto::read_file(path)); });
}

/// The path with `ending` of its name replaced by `other`: "a/x-vocab.json" for ("a/x-merges.txt",
/// "merges.txt", "vocab.json"). Empty where the name has another ending.
std::optional<fs::path> sibling(const fs::path& path, const std::string& ending,
                                const std::string& other) {
  const std::string name = path.filename().string();
  if (!name.ends_with(ending)) return std::nullopt;
  return path.parent_path() / (name.substr(0, name.size() - ending.size()) + other);
}

Tokenizer load_half(const fs::path& half, const fs::path& other, const fs::path& vocab,
                    const fs::path& merges) {
  if (!fs::exists(other)) {
    fail(half, "this is half a tokenizer, and the other half, " + other.string() +
                   ", is not there; " + kSetTokenizer);
  }
  return load_pair(vocab, merges);
}

Tokenizer load_file(const fs::path& path) {
  if (const auto vocab = sibling(path, "merges.txt", "vocab.json")) {
    return load_half(path, *vocab, *vocab, path);
  }
  if (const auto merges = sibling(path, "vocab.json", "merges.txt")) {
    return load_half(path, *merges, path, *merges);
  }
  if (const auto merges = sibling(path, "encoder.json", "vocab.bpe")) {
    return load_half(path, *merges, path, *merges);
  }
  if (path.extension() == ".bpe") {
    return load_vocab_bpe(path);
  }
  if (path.extension() == ".json") return load_tokenizer_json(path);
  fail(path, std::string("no tokenizer is known by such a name; ") + kSetTokenizer);
}

Tokenizer load_folder(const fs::path& folder) {
  for (const char* name : {"tokenizer.json", "merges.txt", "vocab.bpe"}) {
    if (fs::exists(folder / name)) return load_file(folder / name);
  }
  fail(folder, std::string("there is no tokenizer in this folder; ") + kSetTokenizer);
}

}  // namespace

Tokenizer load_bpe(const fs::path& path) {
  if (!fs::exists(path)) fail(path, std::string("there is no such tokenizer; ") + kSetTokenizer);
  return fs::is_directory(path) ? load_folder(path) : load_file(path);
}

}  // namespace millrace::datasets
