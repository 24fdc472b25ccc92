// inproc://: the trainer's end of a queue, with a producer inside, so that `train` alone is a
// complete job.
#pragma once

#include <cstdint>
#include <memory>

#include "producer/stream.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "telemetry/registry.h"

namespace millrace::producer {

/// A consumer's end that owns its producer, which has `threads` workers. Throws std::runtime_error
/// if the stream is not the expected one.
[[nodiscard]] std::unique_ptr<queue::ConsumerEnd> make_inproc_producer(
    const Stream& stream, const queue::Expectation& expected, std::uint32_t threads,
    std::uint32_t range_samples, telemetry::Registry& registry = telemetry::null_registry());

}  // namespace millrace::producer
