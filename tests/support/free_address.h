// A tcp address for one test, whose port was free a moment ago.
#pragma once

#include <string>

#include "tools/bench/free_port.h"

namespace millrace::testing {

using tools::free_port;

inline std::string free_tcp_address() { return "tcp://127.0.0.1:" + std::to_string(free_port()); }

}  // namespace millrace::testing
