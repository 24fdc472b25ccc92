#include "queue/ends/ends.h"

#include <stdexcept>

namespace millrace::queue {

void ProducerEnd::fail(const LeasedRange&, const std::string& reason) {
  throw std::runtime_error(reason);
}

}  // namespace millrace::queue
