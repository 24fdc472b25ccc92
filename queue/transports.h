// The registry of transports: which there are, and opening either end of the one that queue.uri
// names. Over inproc:// the producer room opens both ends (producer/open_ends.h).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

[[nodiscard]] std::span<const Transport> transports();

/// Throws std::invalid_argument, naming the forms of the `known` transports, for a text that has
/// none of them. The transports must outlive the result.
[[nodiscard]] Uri parse_uri(const std::string& text,
                            std::span<const Transport> known = transports());

/// Both throw std::invalid_argument for settings that the transport cannot have (over inproc://:
/// any), std::runtime_error for a place that cannot be used.
[[nodiscard]] std::unique_ptr<ProducerEnd> open_producer_end(const Uri& uri,
                                                             const proto::StreamMeta& meta,
                                                             const ProducerPlan& plan);
[[nodiscard]] std::unique_ptr<ConsumerEnd> open_consumer_end(const Uri& uri,
                                                             const Expectation& expected,
                                                             const ConsumerPlan& plan);

}  // namespace millrace::queue
