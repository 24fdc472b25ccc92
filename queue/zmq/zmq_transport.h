// tcp:// and ipc://, over ZeroMQ. The trainer's end is a ROUTER with the lease book over it
// (zmq_consumer_end.cc); a producer's end has a DEALER for each rank (zmq_producer_end.cc).
#pragma once

#include <memory>

#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

[[nodiscard]] Transport tcp_transport();
[[nodiscard]] Transport ipc_transport();

/// Binds at once: rank 0 at queue.uri, every other rank beside it, and tells rank 0 where. Has no
/// thread of its own: messages are handled while a thread is in wait_for_stream() or receive().
/// Throws std::runtime_error if the address cannot be bound, std::invalid_argument if it may not be
/// used.
[[nodiscard]] std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri,
                                                                 const Expectation& expected,
                                                                 const ConsumerPlan& plan);

/// Connects in the background, and again after every loss, on a thread of its own.
[[nodiscard]] std::unique_ptr<ProducerEnd> make_zmq_producer_end(const Uri& uri,
                                                                 const proto::StreamMeta& meta,
                                                                 const ProducerPlan& plan);

}  // namespace millrace::queue
