// memory://NAME, an example of a transport. The conformance test runs over it.
#pragma once

#include "queue/ends/transport.h"

namespace millrace::queue {

[[nodiscard]] Transport memory_transport();

}  // namespace millrace::queue
