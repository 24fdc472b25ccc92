// The frames of a message as one input: each frame is its length (u16, little-endian) and its
// bytes. A frame with too large a length takes all remaining bytes.
#pragma once

#include <string>
#include <string_view>

#include "proto/messages.h"

namespace millrace::fuzz {

/// Each frame is in an allocation of exactly its size, so that AddressSanitizer sees reads behind
/// it.
[[nodiscard]] proto::SharedBytes frame_of(std::string_view bytes);
[[nodiscard]] proto::Frames split_frames(std::string_view input);
[[nodiscard]] std::string join_frames(const proto::Frames& frames);

}  // namespace millrace::fuzz
