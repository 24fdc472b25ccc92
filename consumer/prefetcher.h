// A BatchSource over any transport: a thread requests a window of samples ahead of the trainer.
//
// The thread owns the transport's end. The trainer's thread only reads the window
// (prefetch_window.h), which also bounds how much is fetched.
#pragma once

#include <memory>

#include "consumer/batch_source.h"
#include "consumer/prefetch_window.h"
#include "proto/meta.h"
#include "queue/ends/ends.h"
#include "telemetry/registry.h"

namespace millrace::consumer {

/// Starts the thread. `meta`: the stream that `end` has accepted. A get() that waits for long logs
/// the reason.
[[nodiscard]] std::unique_ptr<BatchSource> make_prefetcher(
    std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta,
    const PrefetchPlan& plan, telemetry::Registry& registry = telemetry::null_registry());

}  // namespace millrace::consumer
