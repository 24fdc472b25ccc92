// A BatchSource over any transport: a thread keeps a window of samples ahead of the trainer asked
// for and put in order.
//
// The thread owns the transport's end; the trainer's thread only looks at the supply (prefetch_window.h),
// which also bounds it.
#pragma once

#include <memory>

#include "consumer/batch_source.h"
#include "consumer/prefetch_window.h"
#include "proto/meta.h"
#include "queue/ends/ends.h"
#include "telemetry/registry.h"

namespace millrace::consumer {

/// `end` has met its stream, `meta`. While get() waits for long, what it waits for is logged.
[[nodiscard]] std::unique_ptr<BatchSource> make_prefetcher(
    std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta,
    const PrefetchPlan& plan, telemetry::Registry& registry = telemetry::null_registry());

}  // namespace millrace::consumer
