// inproc://: both ends in one process, over two mailboxes. Nothing is copied and nothing can be
// lost. The producer room runs the producer (producer/inproc.h).
#pragma once

#include <cstdint>
#include <memory>

#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

[[nodiscard]] inline Transport inproc_transport() {
  return {.scheme = "inproc", .in_process = true};
}

struct InprocEnds {
  std::shared_ptr<ProducerEnd> producer;
  std::unique_ptr<ConsumerEnd> consumer;
};

/// `range_samples`: samples of a range. Throws std::runtime_error if the stream is not the expected
/// one. Once the consumer's end is destroyed, the producer's has nothing more to do.
[[nodiscard]] InprocEnds make_inproc(const proto::StreamMeta& meta, const Expectation& expected,
                                     std::uint32_t range_samples);

}  // namespace millrace::queue
