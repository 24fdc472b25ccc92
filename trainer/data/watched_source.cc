// Health beside every get() (watched_source.h).
#include "trainer/data/watched_source.h"

#include <exception>

namespace millrace::trainer {

// A failure is reported at once: until the ranks have synchronised on it takes as long as one of
// them is busy.
std::optional<proto::Batch> WatchedSource::get(proto::Split split, std::uint64_t first,
                                               std::uint32_t count,
                                               std::chrono::milliseconds timeout) try {
  auto batch = source_.get(split, first, count, timeout);
  const std::string sample =
      std::string(proto::to_string(split)) + " sample " + std::to_string(first);
  health_.alive(batch ? "at work on " + sample : "waiting for " + sample + ": " + source_.state());
  return batch;
} catch (const std::exception& error) {
  health_.failed(error.what());
  throw;
}

}  // namespace millrace::trainer
