// Lines on stderr through spdlog (log.h).
#include "trainer/base/log.h"

#include <spdlog/spdlog.h>

namespace millrace::trainer {

void log_info(const std::string& line) { spdlog::info("{}", line); }
void log_warning(const std::string& line) { spdlog::warn("{}", line); }

}  // namespace millrace::trainer
