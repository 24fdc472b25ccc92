// Frames of a message as one input: each frame is its length (u16, little-endian) and its bytes; a
// frame whose length is more than what is left takes what is left.
#pragma once

#include <string>
#include <string_view>

#include "proto/messages.h"

namespace millrace::fuzz {

/// Each in an allocation of exactly its size, so that AddressSanitizer sees a read beyond it.
[[nodiscard]] proto::SharedBytes frame_of(std::string_view bytes);
[[nodiscard]] proto::Frames split_frames(std::string_view input);
[[nodiscard]] std::string join_frames(const proto::Frames& frames);

}  // namespace millrace::fuzz
