// How texts for people show what has no character of its own.
#pragma once

namespace millrace::trainer {

inline constexpr const char* kMaskMark = "▒";
inline constexpr const char* kLineBreakMark = "↵";

}  // namespace millrace::trainer
