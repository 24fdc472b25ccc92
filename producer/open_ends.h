// Either end of the queue that a recipe names. They are opened here and not in endpoint/ or queue/,
// which stand below: over inproc:// the trainer's end has a producer inside.
//
// Every function throws config::UsageError for a queue.uri, or settings of the queue, that cannot
// be used.
#pragma once

#include <memory>

#include "config/options.h"
#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"

namespace millrace::producer {

/// queue.uri, with the transport that it names.
[[nodiscard]] queue::Uri queue_uri(const config::Options& options);

/// The streams that a trainer accepts for a recipe: those with its settings and, where it names
/// its data and the producer is not inside, of those data, as far as this machine knows them
/// (providers/named_data.h).
[[nodiscard]] queue::Expectation expected_stream(const config::Options& options);

/// `plan`: everything that the recipe does not say; its keys are replaced by the recipe's. Throws
/// what queue::open_producer_end() throws.
[[nodiscard]] std::unique_ptr<queue::ProducerEnd> open_producer_end(const config::Options& options,
                                                                    const proto::StreamMeta& meta,
                                                                    queue::ProducerPlan plan);

/// Over inproc:// with a producer of the recipe's stream inside. `plan`: everything that the recipe
/// does not say (run_id, rank, cursor, …); its settings of the queue (window, keys, lateness,
/// audit) are replaced by the recipe's. Throws what queue::open_consumer_end() throws; over
/// inproc:// what open_stream() and make_inproc_producer() throw.
[[nodiscard]] std::unique_ptr<queue::ConsumerEnd> open_consumer_end(
    const config::Options& options, const queue::Expectation& expected, queue::ConsumerPlan plan);

}  // namespace millrace::producer
