// Encodes by characters or by byte-level BPE (text_codec.h).
#include "trainer/text/text_codec.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/byte_alphabet.h"
#include "datasets/io/unicode_replacement.h"
#include "datasets/io/utf8.h"

namespace millrace::trainer {
namespace {

const std::string kNoToken = "\uFFFD";

using config::UsageError;

std::shared_ptr<const datasets::ByteLevelBpe> load(const std::string& path,
                                                   const std::string& what) {
  const std::string hint =
      "; give the tokenizer of the checkpoint's text with --data.tokenizer=FILE";
  if (path.empty()) {
    throw UsageError(what + " must be encoded, and the checkpoint's recipe names no tokenizer" +
                     hint);
  }
  try {
    return datasets::load_bpe(path);
  } catch (const std::runtime_error& error) {
    throw UsageError(what + " must be encoded: " + error.what() + hint);
  }
}

/// The number of tokens without a mask at the end.
std::size_t without_mask(std::size_t tokens, const proto::StreamMeta& meta) {
  return tokens > 0 && meta.mask_token_id == tokens - 1 ? tokens - 1 : tokens;
}

std::span<const std::string> words_of(const proto::StreamMeta& meta) {
  return std::span(meta.vocabulary).first(without_mask(meta.vocabulary.size(), meta));
}

}  // namespace

bool same_tokens(const proto::StreamMeta& one, const proto::StreamMeta& other) {
  if (one.vocabulary.empty() && other.vocabulary.empty()) {
    return without_mask(one.vocab_size, one) == without_mask(other.vocab_size, other);
  }
  return one.byte_level == other.byte_level && std::ranges::equal(words_of(one), words_of(other));
}

TextCodec::TextCodec(proto::StreamMeta meta, std::string tokenizer)
    : meta_(std::move(meta)), tokenizer_(std::move(tokenizer)) {}

std::vector<std::int64_t> TextCodec::encode(std::string_view text, const std::string& what) {
  if (meta_.vocabulary.empty()) {
    throw UsageError(
        what + " cannot be encoded: the checkpoint knows its tokens by id alone; leave it out");
  }
  return meta_.byte_level ? encode_bytes(text, what) : encode_characters(text, what);
}

std::vector<std::int64_t> TextCodec::encode_bytes(std::string_view text, const std::string& what) {
  if (!bpe_) bpe_ = load(tokenizer_, what);
  const auto& known = bpe_->vocabulary();
  if (known.size() > meta_.vocabulary.size() ||
      !std::equal(known.begin(), known.end(), meta_.vocabulary.begin())) {
    throw UsageError(what + " cannot be encoded with " + tokenizer_ +
                     ", whose tokens are not the checkpoint's; give that of its text with "
                     "--data.tokenizer=FILE");
  }
  const auto ids = bpe_->encode(text, datasets::Specials::kRecognised);
  return {ids.begin(), ids.end()};
}

std::vector<std::int64_t> TextCodec::encode_characters(std::string_view text,
                                                       const std::string& what) const {
  std::map<std::string_view, std::int64_t> ids;
  for (std::size_t id = 0; id < meta_.vocabulary.size(); ++id) {
    ids.emplace(meta_.vocabulary[id], static_cast<std::int64_t>(id));
  }
  std::vector<std::int64_t> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const auto decoded = datasets::decode_utf8(text, at);
    if (!decoded) {
      throw UsageError(what + " is no UTF-8 at byte " + std::to_string(at) + "; save it as UTF-8");
    }
    const std::string_view character = text.substr(at, decoded->bytes);
    const auto found = ids.find(character);
    if (found == ids.end()) {
      throw UsageError(what + " has the character '" + std::string(character) + "' at position " +
                       std::to_string(tokens.size()) +
                       ", which the checkpoint's vocabulary lacks; leave it out");
    }
    tokens.push_back(found->second);
    at += decoded->bytes;
  }
  return tokens;
}

std::string TextCodec::decode(std::span<const std::int64_t> tokens) const {
  if (meta_.vocabulary.empty()) return base::joined(tokens, " ");
  std::string text;
  for (const std::int64_t token : tokens) {
    const auto id = static_cast<std::size_t>(token);
    // A model may have rows for ids that no token has.
    const std::string& spelling = id < meta_.vocabulary.size() ? meta_.vocabulary[id] : kNoToken;
    text += meta_.byte_level ? datasets::bytes_of_spelling(spelling).value_or(spelling) : spelling;
  }
  return datasets::replace_invalid_utf8(text);
}

}  // namespace millrace::trainer
