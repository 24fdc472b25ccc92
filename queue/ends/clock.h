// The clock that transports and their protocol are given, so that a test can set the time.
#pragma once

#include <chrono>
#include <functional>

namespace millrace::queue {

using Time = std::chrono::steady_clock::time_point;
using Clock = std::function<Time()>;

[[nodiscard]] inline Time real_time() { return std::chrono::steady_clock::now(); }

}  // namespace millrace::queue
