// Splits texts into words, and words into ids (bpe_encoder.h).
#include "datasets/bpe/bpe_encoder.h"

#include <cstdio>
#include <stdexcept>

#include "datasets/bpe/byte_level_words.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

bool has_all_bytes(const ByteLevelBpe& bpe) {
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    if (!bpe.byte_id(static_cast<std::uint8_t>(byte))) return false;
  }
  return true;
}

}  // namespace

BpeEncoder::BpeEncoder(const ByteLevelBpe& bpe)
    : bpe_(bpe),
      added_(bpe.parts().added, bpe.parts().normal_forms),
      merger_(bpe),
      has_all_bytes_(has_all_bytes(bpe)) {
  for (std::size_t i = 0; i < bpe.parts().splits.size(); ++i) {
    const SplitRule& rule = bpe.parts().splits[i];
    splitters_.emplace_back(bpe.split_patterns()[i], rule.behavior, rule.invert);
  }
}

void BpeEncoder::append(std::string_view text, Specials specials, std::vector<std::uint32_t>& ids) {
  const std::size_t before = ids.size();
  try {
    encode_into(text, specials, ids, nullptr);
  } catch (...) {
    ids.resize(before);
    throw;
  }
}

void BpeEncoder::encode(std::string_view text, Specials specials, const Sink& sink) {
  std::vector<std::uint32_t> ids;
  encode_into(text, specials, ids, &sink);
  if (!ids.empty()) sink(ids);
}

void BpeEncoder::encode_into(std::string_view text, Specials specials,
                             std::vector<std::uint32_t>& ids, const Sink* sink) {
  if (const std::size_t at = find_invalid_utf8(text); at < text.size()) {
    throw std::runtime_error(invalid_utf8_message(at));
  }
  text_ = text;
  ids_ = &ids;
  sink_ = sink;
  added_.split(
      text, specials, [this](std::uint32_t id) { ids_->push_back(id); },
      [this](std::string_view piece) { split(piece, 0); });
}

void BpeEncoder::split(std::string_view piece, std::size_t rule) {
  if (rule == splitters_.size()) return encode_piece(piece);
  splitters_[rule].split(piece, [this, rule](std::string_view part) { split(part, rule + 1); });
}

void BpeEncoder::encode_piece(std::string_view piece) {
  if (!has_all_bytes_) check_bytes(piece);
  std::size_t at = 0;
  if (bpe_.parts().add_prefix_space && piece.front() != ' ') at = encode_prefixed(piece);
  while (at < piece.size()) {
    const std::size_t end = bpe_.parts().use_regex ? word_end(piece, at) : piece.size();
    encode_word(piece.substr(at, end - at));
    at = end;
    if (sink_ != nullptr && ids_->size() >= kPieceIds) flush();
  }
}

std::size_t BpeEncoder::encode_prefixed(std::string_view piece) {
  const std::size_t end =
      bpe_.parts().use_regex ? first_word_end_behind_space(piece) : piece.size() + 1;
  encode_word(' ' + std::string(piece.substr(0, end - 1)));
  return end - 1;
}

void BpeEncoder::encode_word(std::string_view word) {
  if (const auto known = words_.find(word); known != words_.end()) {
    ids_->insert(ids_->end(), known->second.begin(), known->second.end());
    return;
  }
  if (const auto whole = bpe_.whole_word(word)) {
    ids_->push_back(*whole);
    return;
  }
  const std::size_t before = ids_->size();
  merger_.append(word, *ids_);
  if (word.size() > kCachedWordBytes) return;
  if (words_.size() == kCachedWords) words_.clear();
  words_.emplace(word,
                 std::vector(ids_->begin() + static_cast<std::ptrdiff_t>(before), ids_->end()));
}

void BpeEncoder::check_bytes(std::string_view piece) const {
  const std::less_equal<const char*> is_not_behind;
  const bool is_of_text = is_not_behind(text_.data(), piece.data()) &&
                          is_not_behind(piece.data(), text_.data() + text_.size());
  const auto lacking = [&](std::uint8_t byte, const std::string& where) {
    char number[8];
    std::snprintf(number, sizeof number, "0x%02X", byte);
    throw std::runtime_error("the byte " + std::string(number) + " " + where +
                             " has no token in this vocabulary; train the tokenizer with all 256 "
                             "bytes as its initial alphabet");
  };
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(piece[i]);
    if (!bpe_.byte_id(byte)) {
      lacking(byte, is_of_text ? "at byte offset " + std::to_string(piece.data() + i - text_.data())
                               : "of the normalized text");
    }
  }
  if (bpe_.parts().add_prefix_space && !bpe_.byte_id(' ')) {
    lacking(' ', "that is put before a text");
  }
}

void BpeEncoder::flush() {
  (*sink_)(*ids_);
  ids_->clear();
}

}  // namespace millrace::datasets
