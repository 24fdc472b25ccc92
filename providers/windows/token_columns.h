// Schema fields that hold tokens, and dispatch over their integer types. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "proto/schema.h"

namespace millrace::providers {

/// A field of `length` token ids below vocab_size, in the narrowest type that holds them and, if
/// `sentinel`, the sentinel.
[[nodiscard]] inline proto::Field token_field(std::string name, std::uint32_t vocab_size,
                                              std::uint32_t length, proto::Role role,
                                              bool sentinel) {
  return {std::move(name),
          proto::narrowest(vocab_size, sentinel),
          proto::LogicalType::kI64,
          {length},
          role,
          sentinel};
}

/// Calls `run` with a value of the wire type: std::uint8_t, std::uint16_t or std::uint32_t.
template <class Run>
void by_type(proto::WireType wire, Run run) {
  switch (wire) {
    case proto::WireType::kU8: return run(std::uint8_t{});
    case proto::WireType::kU16: return run(std::uint16_t{});
    default: return run(std::uint32_t{});
  }
}

}  // namespace millrace::providers
