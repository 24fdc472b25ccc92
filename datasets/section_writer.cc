#include "datasets/section_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "datasets/mapped_file.h"

namespace millrace::datasets {
namespace {

constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;

std::string_view bytes_of(const IndexHeader& header, std::size_t count) { return {reinterpret_cast<const char*>(&header), count}; }

}  // namespace

GrowingFile IndexPlace::index() const { return path_.empty() ? GrowingFile::in_memory() : GrowingFile::named(path_); }

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
  out_.append(bytes);
  const auto raw = std::as_bytes(std::span(bytes));
  digest_.update(raw);
  if (also != nullptr) also->update(raw);
  out_.pad();
  return section;
}

Section SectionWriter::add(GrowingFile& spilled, proto::Digest* also) {
  spilled.flush();
  const MappedFile mapped(spilled.fd(), "an unfinished index");
  std::string_view rest = mapped.bytes();
  const Section section{out_.size(), rest.size()};
  for (; !rest.empty(); rest.remove_prefix(std::min(kCopiedAtOnce, rest.size()))) (void)add(rest.substr(0, kCopiedAtOnce), also);
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
