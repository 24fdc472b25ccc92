// Lines on stderr, for files that see LibTorch: its headers and spdlog's are not compiled together.
#pragma once

#include <string>

namespace millrace::trainer {

void say(const std::string& line);
void warn(const std::string& line);

}  // namespace millrace::trainer
