// Lines on stderr through spdlog (log.h).
#include "trainer/base/log.h"

#include <spdlog/spdlog.h>

namespace millrace::trainer {

void say(const std::string& line) { spdlog::info("{}", line); }
void warn(const std::string& line) { spdlog::warn("{}", line); }

}  // namespace millrace::trainer
