// Turns pieces of documents into the sections of an index (index_writer.h).
#include "datasets/index/index_writer.h"

#include <cstring>
#include <span>

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

template <class T>
std::string_view raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

TextScanner::Sink into(GrowingFile& file) {
  return [&file](std::uint64_t value) { file.append(raw(value)); };
}

}  // namespace

IndexWriter::IndexWriter(const IndexPlace& place, TextRules rules)
    : rules_(std::move(rules)),
      out_(place.index()),
      starts_(place.spill()),
      checkpoints_(place.spill()),
      documents_(place.spill()),
      scanner_(rules_.starts_are_documents ? [](std::uint64_t) {} : into(starts_),
               into(checkpoints_)) {}

void IndexWriter::append(std::string_view piece) {
  piece = allowed_part(piece);
  if (piece.empty() || is_full()) return;
  if (document_is_empty_) begin_kept_document();
  take(fitting_part(piece));
}

void IndexWriter::begin_kept_document() {
  document_is_empty_ = false;
  if (last_byte_ != '\n' && is_allowed('\n')) take("\n");
  document_first_ = scanner_.bytes();
  if (rules_.starts_are_documents && !is_full()) starts_.append(raw(scanner_.characters()));
}

void IndexWriter::end_document() {
  if (!document_is_empty_ && !rules_.lines_are_documents) {
    add_document(document_first_, scanner_.bytes());
  }
  document_is_empty_ = true;
}

void IndexWriter::missing_text(const std::string& why) {
  if (!rules_.skip_missing) DocumentSink::missing_text(why);
  ++missing_;
}

void IndexWriter::take(std::string_view piece) {
  if (piece.empty()) return;
  if (rules_.lines_are_documents) find_lines(piece);
  text_digest_.update(std::as_bytes(std::span(piece)));
  if (rules_.keep_text) out_.append_text(piece);
  scanner_.take(piece);
  last_byte_ = piece.back();
}

void IndexWriter::find_lines(std::string_view piece) {
  for (std::size_t at = piece.find('\n'); at != std::string_view::npos;
       at = piece.find('\n', at + 1)) {
    const std::uint64_t end = scanner_.bytes() + at;
    end_line(end, at == 0 ? last_byte_ : piece[at - 1]);
    line_first_ = end + 1;
  }
}

void IndexWriter::end_line(std::uint64_t end, char before) {
  if (end > line_first_ && before == '\r') --end;
  add_document(line_first_, end);
}

void IndexWriter::add_document(std::uint64_t first, std::uint64_t end) {
  if (end > first) documents_.append(raw(DocumentSpan{first, end}));
}

bool IndexWriter::is_allowed(char32_t c) const {
  return rules_.allowed.empty() || (c < rules_.allowed.size() && rules_.allowed[c]);
}

std::string_view IndexWriter::allowed_part(std::string_view piece) {
  if (rules_.allowed.empty()) return piece;
  allowed_.clear();
  for (std::size_t at = 0; at < piece.size();) {
    const auto decoded = decode_utf8(piece, at);
    if (is_allowed(decoded->code_point)) {
      allowed_ += piece.substr(at, decoded->bytes);
    } else {
      ++dropped_;
    }
    at += decoded->bytes;
  }
  return allowed_;
}

std::string_view IndexWriter::fitting_part(std::string_view piece) const {
  if (rules_.max_characters == 0) return piece;
  std::uint64_t room = rules_.max_characters - scanner_.characters();
  if (room >= piece.size()) return piece;
  std::size_t at = 0;
  for (; at < piece.size() && room > 0; --room) at += decode_utf8(piece, at)->bytes;
  return piece.substr(0, at);
}

GrowingFile IndexWriter::finish(std::string_view source) {
  if (rules_.lines_are_documents) end_line(scanner_.bytes(), last_byte_);
  if (rules_.keep_text) {
    out_.header.flags |= kTextInside;
    out_.end_text();
  }
  out_.header.text_bytes = scanner_.bytes();
  out_.header.text_hash = text_digest_.value();
  out_.header.units = scanner_.characters();
  out_.header.dropped = dropped_;
  const std::vector<CharacterCount> distinct = scanner_.distinct();
  proto::Digest structure;
  out_.header.source = out_.add(source);
  out_.header.characters = out_.add(
      {reinterpret_cast<const char*>(distinct.data()), distinct.size() * sizeof(CharacterCount)});
  out_.header.starts = out_.add(starts_, &structure);
  out_.header.documents = out_.add(documents_, &structure);
  if (scanner_.bytes() != scanner_.characters()) out_.header.checkpoints = out_.add(checkpoints_);
  out_.header.structure_hash = structure.value();
  return out_.finish();
}

}  // namespace millrace::datasets
