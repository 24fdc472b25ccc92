// Log lines on stderr, for files that see LibTorch: its headers and spdlog's are not compiled
// together.
#pragma once

#include <string>

namespace millrace::trainer {

void log_info(const std::string& line);
void log_warning(const std::string& line);

}  // namespace millrace::trainer
