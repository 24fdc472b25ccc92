// Frames of a message to one input and back.
#include "tests/fuzz/frames.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace millrace::fuzz {
namespace {

constexpr std::size_t kLengthBytes = 2;

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

}  // namespace

proto::SharedBytes frame_of(std::string_view bytes) {
  auto memory = std::make_shared<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
  const std::span<const std::byte> view(memory.get(), bytes.size());
  return {std::move(memory), view};
}

proto::Frames split_frames(std::string_view input) {
  proto::Frames frames;
  while (input.size() >= kLengthBytes) {
    const std::size_t length = byte_at(input, 0) | byte_at(input, 1) << 8;
    input.remove_prefix(kLengthBytes);
    frames.push_back(frame_of(input.substr(0, length)));
    input.remove_prefix(std::min(length, input.size()));
  }
  return frames;
}

std::string join_frames(const proto::Frames& frames) {
  std::string joined;
  for (const proto::SharedBytes& frame : frames) {
    joined.push_back(static_cast<char>(frame.bytes.size() & 255));
    joined.push_back(static_cast<char>(frame.bytes.size() >> 8));
    joined.append(reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size());
  }
  return joined;
}

}  // namespace millrace::fuzz
