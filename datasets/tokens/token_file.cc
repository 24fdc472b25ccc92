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

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + ": " + what);
}

std::uint64_t count_tokens(const std::filesystem::path& path, std::size_t bytes,
                           proto::WireType width) {
  const std::size_t wide = proto::width(width);
  if (bytes == 0) fail(path, "the file is empty; write token ids into it, or leave its split out");
  if (bytes % wide != 0) {
    fail(path, "its size of " + std::to_string(bytes) + " bytes is no multiple of the " +
                   std::to_string(wide) + " that a token of " +
                   std::string(proto::to_string(width)) +
                   " takes; it is cut short, or its ids are of another width");
  }
  return bytes / wide;
}

}  // namespace

proto::WireType token_width(std::uint64_t vocab_size) {
  return vocab_size <= kU16Ids ? proto::WireType::kU16 : proto::WireType::kU32;
}

TokenFile::TokenFile(const std::filesystem::path& path, proto::WireType width)
    : path_(path),
      width_(width),
      file_(path),
      size_(count_tokens(path, file_.bytes().size(), width)) {}

/// Calls use(ids) with all of the file's as a span of their type; a mapping begins at a page, so
/// they are aligned.
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

namespace {

template <class Token>
auto copy_into(std::uint64_t first, std::span<Token> out) {
  return [=](auto ids) {
    const auto wanted = ids.subspan(first, out.size());
    std::ranges::transform(wanted, out.begin(), [](auto id) { return static_cast<Token>(id); });
  };
}

}  // namespace

void TokenFile::read(std::uint64_t first, std::span<std::uint8_t> out) const {
  with_ids(copy_into(first, out));
}
void TokenFile::read(std::uint64_t first, std::span<std::uint16_t> out) const {
  with_ids(copy_into(first, out));
}
void TokenFile::read(std::uint64_t first, std::span<std::uint32_t> out) const {
  with_ids(copy_into(first, out));
}

TokenAt TokenFile::largest() const {
  return with_ids([](auto ids) {
    const auto found = std::ranges::max_element(ids);
    return TokenAt{*found, static_cast<std::uint64_t>(found - ids.begin())};
  });
}

void TokenFile::check_ids(std::uint64_t vocab_size) const {
  const std::optional<TokenAt> outside = with_ids([&](auto ids) -> std::optional<TokenAt> {
    const auto found = std::ranges::find_if(ids, [&](auto id) { return id >= vocab_size; });
    if (found == ids.end()) return std::nullopt;
    return TokenAt{*found, static_cast<std::uint64_t>(found - ids.begin())};
  });
  if (!outside) return;
  fail(path_, "token id " + std::to_string(outside->id) + " at position " +
                  std::to_string(outside->position) + " is outside the vocabulary of " +
                  std::to_string(vocab_size) +
                  "; the file is another tokenizer's, or its ids are of another width than " +
                  std::string(proto::to_string(width_)));
}

}  // namespace millrace::datasets
