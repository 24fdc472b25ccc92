// The border to protobuf, private to this folder: headers as plain structs to bytes and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/messages.h"

namespace millrace::proto {

/// A column, as a header describes it.
struct ColumnInfo {
  WireType wire = WireType::kU8;
  std::vector<std::uint32_t> shape;  ///< of the whole column, the count first
  std::uint64_t checksum = 0;

  [[nodiscard]] std::size_t bytes() const;
};

/// A batch, as a header describes it; the columns follow outside of the header.
struct BatchInfo {
  std::uint64_t lease = 0;
  std::string fingerprint;
  Range range;
  std::vector<ColumnInfo> columns;
  std::uint64_t held_us = 0;
};

/// The description of a batch; computes the columns' checksums.
[[nodiscard]] BatchInfo describe_batch(std::uint64_t lease, const std::string& fingerprint,
                                       const Schema& schema, const Batch& batch);

[[nodiscard]] std::string encode_batch_info(const BatchInfo& info);
/// Empty for bytes that are no such header, or one with impossible values (unknown types, sizes
/// above the limits).
[[nodiscard]] std::optional<BatchInfo> decode_batch_info(std::string_view bytes);

/// A message without its columns.
using Header =
    std::variant<Hello, Welcome, Refuse, Lease, BatchInfo, Ping, SayHello, Bye, Register, Failed>;
[[nodiscard]] std::string encode_header(const Header& header);
/// Empty as decode_batch_info().
[[nodiscard]] std::optional<Header> decode_header(std::string_view bytes);

}  // namespace millrace::proto
