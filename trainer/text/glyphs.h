// The characters for masks and line breaks in texts for people.
#pragma once

namespace millrace::trainer {

inline constexpr const char* kMaskMark = "▒";
inline constexpr const char* kLineBreakMark = "↵";

}  // namespace millrace::trainer
