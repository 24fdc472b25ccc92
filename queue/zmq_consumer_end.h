// tcp:// and ipc://, the trainer's side: a ROUTER, and a thread that runs the lease book over it.
#pragma once

#include <memory>

#include "queue/admission.h"
#include "queue/ends.h"
#include "queue/range_size.h"
#include "queue/security.h"
#include "queue/uri.h"

namespace millrace::queue {

/// Binds at once. Throws std::runtime_error where the address cannot be bound.
[[nodiscard]] std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri, const Expectation& expected,
                                                                 const Window& train_window, const Security& security);

}  // namespace millrace::queue
