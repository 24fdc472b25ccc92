// Frames from messages and back: magic, version, checksums, columns.
#include "proto/messages.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "proto/codec.h"
#include "proto/digest.h"

namespace millrace::proto {
namespace {

constexpr std::size_t kFirstFrameBytes = 16;  // magic[4] version:u16 zero:u16 header_checksum:u64
constexpr std::size_t kChecksumAt = 8;

SharedBytes owned(std::string text) {
  auto memory = std::make_shared<const std::string>(std::move(text));
  const auto bytes = std::as_bytes(std::span(*memory));
  return {std::move(memory), bytes};
}

SharedBytes first_frame(std::string_view header) {
  std::string bytes(kMessageMagic);
  bytes.push_back(static_cast<char>(kProtocolVersion & 255));
  bytes.push_back(static_cast<char>(kProtocolVersion >> 8));
  bytes.append(2, '\0');
  const std::uint64_t checksum = xxh64(header);
  for (int shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<char>(checksum >> shift & 255));
  }
  return owned(std::move(bytes));
}

DecodeStatus check_first_frame(const Frames& frames) {
  if (frames.size() < 2) return DecodeStatus::kForeign;
  const std::string_view first = text(frames[0].bytes);
  if (first.size() < kChecksumAt || !first.starts_with(kMessageMagic)) {
    return DecodeStatus::kForeign;
  }
  const unsigned version = static_cast<unsigned char>(first[4]) |
                           static_cast<unsigned>(static_cast<unsigned char>(first[5])) << 8;
  if (version != kProtocolVersion) return DecodeStatus::kVersion;
  if (first.size() != kFirstFrameBytes) return DecodeStatus::kForeign;
  std::uint64_t checksum = 0;
  for (std::size_t i = kFirstFrameBytes; i-- > kChecksumAt;) {
    checksum = checksum << 8 | static_cast<unsigned char>(first[i]);
  }
  return xxh64(frames[1].bytes) == checksum ? DecodeStatus::kOk : DecodeStatus::kBadHeader;
}

/// The frame itself, or a copy where its address is not a multiple of `width`.
SharedBytes aligned_to(std::size_t width, const SharedBytes& frame) {
  if (reinterpret_cast<std::uintptr_t>(frame.bytes.data()) % width == 0) return frame;
  return owned(std::string(text(frame.bytes)));
}

Decoded decode_columns(BatchInfo info, std::span<const SharedBytes> frames) {
  if (frames.size() != info.columns.size()) return {DecodeStatus::kBadColumns, {}, info.lease};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].bytes.size() != info.columns[i].bytes()) {
      return {DecodeStatus::kBadColumns, {}, info.lease};
    }
  }
  if (!std::ranges::equal(checksums(frames), info.columns, {}, {}, &ColumnInfo::checksum)) {
    return {DecodeStatus::kBadChecksum, {}, info.lease};
  }
  Filled filled{info.lease, std::move(info.fingerprint), {info.range, {}}, info.held_us};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    filled.batch.columns.push_back(aligned_to(width(info.columns[i].wire), frames[i]));
  }
  return {DecodeStatus::kOk, std::move(filled), 0};
}

Header header_of(const Message& message, const Schema& schema) {
  return std::visit(
      [&schema](const auto& one) -> Header {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Filled>) {
          BatchInfo info = describe_batch(one.lease, one.fingerprint, schema, one.batch);
          info.held_us = one.held_us;
          return info;
        } else {
          return one;
        }
      },
      message);
}

}  // namespace

std::uint64_t digest_of_ranks(const std::vector<std::string>& ranks) {
  std::string lines;
  for (const std::string& address : ranks) lines += address + '\n';
  return xxh64(lines);
}

Frames encode(const Message& message, const Schema& schema) {
  std::string header = encode_header(header_of(message, schema));
  SharedBytes first = first_frame(header);
  Frames frames{std::move(first), owned(std::move(header))};
  if (const auto* filled = std::get_if<Filled>(&message)) {
    frames.insert(frames.end(), filled->batch.columns.begin(), filled->batch.columns.end());
  }
  return frames;
}

Frames encode(const Message& message) { return encode(message, {}); }

Decoded decode(const Frames& frames) {
  if (const DecodeStatus status = check_first_frame(frames); status != DecodeStatus::kOk) {
    return {status, {}, 0};
  }
  std::optional<Header> header = decode_header(text(frames[1].bytes));
  if (!header) return {DecodeStatus::kBadHeader, {}, 0};
  const std::span<const SharedBytes> columns = std::span(frames).subspan(2);
  if (auto* info = std::get_if<BatchInfo>(&*header)) {
    return decode_columns(std::move(*info), columns);
  }
  if (!columns.empty()) {
    return {DecodeStatus::kBadColumns, {}, 0};
  }
  return std::visit(
      [](auto&& one) -> Decoded {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, BatchInfo>) {
          return {DecodeStatus::kBadHeader, {}, 0};
        } else {
          return {DecodeStatus::kOk, std::move(one), 0};
        }
      },
      std::move(*header));
}

std::string_view describe(DecodeStatus status) {
  switch (status) {
    case DecodeStatus::kOk: return "whole";
    case DecodeStatus::kForeign: return "not a Millrace message";
    case DecodeStatus::kVersion: return "a message of another protocol version";
    case DecodeStatus::kBadHeader: return "a message whose header cannot be read";
    case DecodeStatus::kBadColumns: return "a batch whose columns are not what its header says";
    case DecodeStatus::kBadChecksum: return "a batch whose bytes do not match their checksum";
  }
  return "?";
}

}  // namespace millrace::proto
