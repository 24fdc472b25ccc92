// Waiting at a pace.
#include "tools/bench/bench_waiting.h"

#include <chrono>

#include "tools/bench/bench_waits.h"
#include "tools/bench/paced_trainer.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kSettle{1};
constexpr std::chrono::seconds kObserve{2};

}  // namespace

Waiting measure_waiting(FakeTrainer& trainer, ProducerPool& producers, double tokens_per_s,
                        std::uint64_t repeats) {
  const double batch_tokens = trainer.batch_tokens();
  PacedTrainer paced(trainer, producers, tokens_per_s / batch_tokens);
  static_cast<void>(paced.take_for(kSettle));
  Waiting waiting;
  for (std::uint64_t i = 0; i < repeats; ++i) {
    const double ready = trainer.gets_ready();
    const Paced seen = paced.take_for(kObserve);
    waiting.share.push_back(seen.waited_s / seen.seconds);
    waiting.tokens_per_s.push_back(static_cast<double>(seen.batches) * batch_tokens / seen.seconds);
    waiting.ready_share.push_back((trainer.gets_ready() - ready) /
                                  static_cast<double>(seen.batches));
  }
  return waiting;
}

}  // namespace millrace::tools
