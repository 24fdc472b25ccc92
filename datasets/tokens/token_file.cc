// Mapped token files.
#include "datasets/tokens/token_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

namespace millrace::datasets {
namespace {

static_assert(std::endian::native == std::endian::little, "ids are read as they lie in the file");

constexpr std::uint64_t kU16Ids = std::uint64_t{1} << 16;

std::uint64_t count_tokens(const std::filesystem::path& path, std::size_t bytes,
                           proto::WireType width) {
  const std::size_t wide = proto::width(width);
  if (bytes == 0) {
    throw std::runtime_error(
        path.string() + ": the file is empty; write token ids into it, or leave its split out");
  }
  if (bytes % wide != 0) {
    throw std::runtime_error(path.string() + ": its size of " + std::to_string(bytes) +
                             " bytes is no multiple of the " + std::to_string(wide) +
                             " that a token of " + std::string(proto::to_string(width)) +
                             " takes; it is cut short, or its ids are of another width");
  }
  return bytes / wide;
}

}  // namespace

proto::WireType token_width(std::uint64_t vocab_size) {
  return vocab_size <= kU16Ids ? proto::WireType::kU16 : proto::WireType::kU32;
}

TokenFile::TokenFile(const std::filesystem::path& path, proto::WireType width)
    : width_(width), file_(path), size_(count_tokens(path, file_.bytes().size(), width)) {}

/// Calls use(ids) with all ids as a span of their type. They are aligned, as a mapping begins at a
/// page.
template <class Use>
auto TokenFile::with_ids(const Use& use) const {
  const void* const first = file_.bytes().data();
  if (width_ == proto::WireType::kU16) {
    return use(std::span(static_cast<const std::uint16_t*>(first), size_));
  }
  return use(std::span(static_cast<const std::uint32_t*>(first), size_));
}

std::uint32_t TokenFile::operator[](std::uint64_t position) const {
  return with_ids([&](auto ids) { return static_cast<std::uint32_t>(ids[position]); });
}

void TokenFile::read(std::uint64_t first, std::span<std::uint32_t> out) const {
  with_ids([=](auto ids) { std::ranges::copy(ids.subspan(first, out.size()), out.begin()); });
}

}  // namespace millrace::datasets
