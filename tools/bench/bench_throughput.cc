#include "tools/bench/bench_throughput.h"

#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

void take_about(FakeTrainer& taker, std::uint64_t samples) {
  for (std::uint64_t taken = 0; taken < samples; taken += taker.batch_samples()) taker.take();
}

void measure_once(FakeTrainer& taker, std::uint64_t samples, Throughput& throughput) {
  const double gets = taker.gets();
  const double ready = taker.gets_ready();
  const auto start = Clock::now();
  take_about(taker, samples);
  const double seconds = seconds_since(start);
  const double asked = taker.gets() - gets;
  const double taken = asked * taker.batch_samples();
  throughput.tokens_per_s.push_back(taken * taker.meta().block_size / seconds);
  throughput.mb_per_s.push_back(
      taken * static_cast<double>(taker.meta().schema.bytes_per_sample()) / seconds / 1e6);
  throughput.ready_share.push_back((taker.gets_ready() - ready) / asked);
}

}  // namespace

Throughput measure_throughput(FakeTrainer& taker, std::uint64_t samples, std::uint64_t repeats) {
  take_about(taker, samples);
  Throughput throughput;
  for (std::uint64_t i = 0; i < repeats; ++i) measure_once(taker, samples, throughput);
  return throughput;
}

}  // namespace millrace::tools
