// tcp:// and ipc://, the producer's side: a DEALER, and a thread that runs the session over it.
#pragma once

#include <cstdint>
#include <memory>

#include "proto/meta.h"
#include "queue/ends/ends.h"
#include "queue/ends/security.h"
#include "queue/ends/uri.h"

namespace millrace::queue {

/// `capacity`: ranges that are worked on at once. Connects in the background, and again after every
/// loss.
[[nodiscard]] std::unique_ptr<ProducerEnd> make_zmq_producer_end(const Uri& uri,
                                                                 const proto::StreamMeta& meta,
                                                                 std::uint32_t capacity,
                                                                 const Security& security);

}  // namespace millrace::queue
