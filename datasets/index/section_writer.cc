// Writes an index section by section (section_writer.h).
#include "datasets/index/section_writer.h"

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace millrace::datasets {
namespace {

constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;

std::string_view bytes_of(const IndexHeader& header, std::size_t count) {
  return {reinterpret_cast<const char*>(&header), count};
}

}  // namespace

GrowingFile IndexPlace::index() const {
  return path_.empty() ? GrowingFile::in_memory() : GrowingFile::named(path_);
}

GrowingFile IndexPlace::spill() const {
  return path_.empty() ? GrowingFile::in_memory() : GrowingFile::without_name(path_.parent_path());
}

SectionWriter::SectionWriter(GrowingFile out) : out_(std::move(out)) {
  std::memcpy(header.magic, kIndexMagic.data(), sizeof header.magic);
  out_.append(bytes_of(header, sizeof header));
}

void SectionWriter::end_text() {
  header.text = {sizeof header, out_.size() - sizeof header};
  out_.pad();
}

Section SectionWriter::add(std::string_view bytes, proto::Digest* also) {
  const Section section{out_.size(), bytes.size()};
  append_section(bytes, also);
  out_.pad();
  return section;
}

void SectionWriter::append_section(std::string_view bytes, proto::Digest* also) {
  const auto raw = std::as_bytes(std::span(bytes));
  out_.append(bytes);
  digest_.update(raw);
  if (also != nullptr) also->update(raw);
}

Section SectionWriter::add(GrowingFile& spilled, proto::Digest* also) {
  spilled.flush();
  const Section section{out_.size(), spilled.size()};
  std::vector<char> buffer(kCopiedAtOnce);
  for (std::uint64_t at = 0; at < section.bytes;) {
    const std::size_t got = spilled.read_back(at, buffer);
    append_section({buffer.data(), got}, also);
    at += got;
  }
  out_.pad();
  return section;
}

GrowingFile SectionWriter::finish() {
  header.file_bytes = out_.size();
  header.sections_hash = digest_.value();
  header.header_hash = proto::xxh64(bytes_of(header, offsetof(IndexHeader, header_hash)));
  out_.replace_beginning(bytes_of(header, sizeof header));
  out_.sync();
  return std::move(out_);
}

}  // namespace millrace::datasets
