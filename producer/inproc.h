// The trainer's end of the queue that a recipe names. Over inproc:// the producer runs inside the
// trainer, so that `train` alone is a complete job.
#pragma once

#include <cstdint>
#include <memory>

#include "config/options.h"
#include "producer/stream.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"
#include "telemetry/registry.h"

namespace millrace::producer {

/// Opens the queue that `options` name; over inproc:// with a producer of the recipe's stream
/// inside. `plan`: everything that the recipe does not say (run_id, rank, cursor, …); its settings
/// of the queue (window, keys, lateness, audit) are replaced by the recipe's. Throws what
/// queue::parse_uri() and queue::open_consumer_end() throw; over inproc:// what open_stream() and
/// make_inproc_producer() throw.
[[nodiscard]] std::unique_ptr<queue::ConsumerEnd> open_consumer_end(
    const config::Options& options, const queue::Expectation& expected, queue::ConsumerPlan plan);

/// A consumer's end that owns its producer, of `threads` workers. Throws std::runtime_error if the
/// stream is not the expected one.
[[nodiscard]] std::unique_ptr<queue::ConsumerEnd> make_inproc_producer(
    const Stream& stream, const queue::Expectation& expected, std::uint32_t threads,
    std::uint32_t range_samples, telemetry::Registry& registry = telemetry::null_registry());

}  // namespace millrace::producer
