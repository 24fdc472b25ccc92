// A BatchSource over any transport: a thread keeps a window of samples ahead of the trainer asked for and put in order.
//
// The thread owns the transport's end; the trainer's thread only looks at the shelves. Bounded by the window: what is on the
// shelves and what is asked for together never exceed it by more than one range per split.
#pragma once

#include <cstdint>
#include <memory>

#include "consumer/batch_source.h"
#include "consumer/deal.h"
#include "proto/meta.h"
#include "queue/ends.h"
#include "queue/range_size.h"

namespace millrace::consumer {

struct PrefetchPlan {
  Deal deal;
  std::uint64_t cursor = 0;        ///< first train sample to be used
  std::uint64_t eval_samples = 0;  ///< val samples of one evaluation: no more than these are fetched ahead
  queue::Window train_window;
};

/// `end` has met its stream, `meta`. While get() waits for long, what it waits for is logged.
[[nodiscard]] std::unique_ptr<BatchSource> make_prefetcher(std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta,
                                                           const PrefetchPlan& plan);

}  // namespace millrace::consumer
