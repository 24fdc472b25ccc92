// inproc://: both ends in one process, over two mailboxes. Nothing is copied and nothing can be
// lost.
#pragma once

#include <cstdint>
#include <memory>

#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"

namespace millrace::queue {

struct InprocEnds {
  std::shared_ptr<ProducerEnd> producer;
  std::unique_ptr<ConsumerEnd> consumer;
};

/// Throws std::runtime_error if the expectation does not admit the stream. The producer's end goes
/// idle when the consumer's is destroyed.
[[nodiscard]] InprocEnds make_inproc(const proto::StreamMeta& meta, const Expectation& expected,
                                     std::uint32_t range_samples);

}  // namespace millrace::queue
