// Throughput of repeats.
#include "tools/bench/bench_throughput.h"

#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

void take_about(FakeTrainer& trainer, std::uint64_t samples) {
  for (std::uint64_t taken = 0; taken < samples; taken += trainer.batch_samples()) trainer.take();
}

void measure_once(FakeTrainer& trainer, std::uint64_t samples, Throughput& throughput) {
  const double gets = trainer.gets();
  const double ready = trainer.gets_ready();
  const auto start = Clock::now();
  take_about(trainer, samples);
  const double seconds = seconds_since(start);
  const double asked = trainer.gets() - gets;
  const double taken = asked * trainer.batch_samples();
  throughput.tokens_per_s.push_back(taken * trainer.meta().block_size / seconds);
  throughput.mb_per_s.push_back(
      taken * static_cast<double>(trainer.meta().schema.bytes_per_sample()) / seconds / 1e6);
  throughput.ready_share.push_back((trainer.gets_ready() - ready) / asked);
}

}  // namespace

Throughput measure_throughput(FakeTrainer& trainer, std::uint64_t samples, std::uint64_t repeats) {
  take_about(trainer, samples);
  Throughput throughput;
  for (std::uint64_t i = 0; i < repeats; ++i) measure_once(trainer, samples, throughput);
  return throughput;
}

}  // namespace millrace::tools
