// Writes a file of token ids (token_file.h) under a temporary name and renames it when it is
// complete, so readers see all of it or nothing. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "proto/descriptor.h"
#include "proto/digest.h"
#include "proto/schema.h"

namespace millrace::datasets {

class TokenFileWriter {
 public:
  /// `width`: kU16 or kU32. Throws proto::DiskError where the file cannot be made.
  TokenFileWriter(std::filesystem::path path, proto::WireType width);
  /// Removes an unfinished file.
  ~TokenFileWriter();
  TokenFileWriter(const TokenFileWriter&) = delete;
  TokenFileWriter& operator=(const TokenFileWriter&) = delete;

  /// Throws proto::DiskError, and std::invalid_argument for an id that does not fit the width.
  void append(std::span<const std::uint32_t> ids);
  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< tokens so far

  /// Makes the file durable and gives it its name. Returns the xxh64 of its bytes, 16 hex digits.
  /// No other call may follow.
  std::string finish();

 private:
  void flush();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  proto::WireType width_;
  proto::Descriptor file_;
  proto::Digest digest_;
  std::vector<std::byte> buffer_;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace millrace::datasets
