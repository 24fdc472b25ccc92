// The transport and its limits, in turns.
#include "tools/bench/bench_transport.h"

#include <memory>

#include "endpoint/window.h"
#include "producer/open_ends.h"
#include "proto/chunk_file.h"
#include "tools/bench/bench_env.h"
#include "tools/bench/bench_waits.h"
#include "tools/bench/constant_stream.h"
#include "tools/bench/fake_trainer.h"
#include "tools/bench/plain_files.h"
#include "tools/bench/raw_loopback.h"
#include "tools/bench/zmq_baseline.h"

namespace millrace::tools {
namespace {

/// The recipe for a stream without stages, in batches of this size.
config::Options constant_stream_options(config::Options options, std::uint32_t batch_samples) {
  options.provider.schedule = "none";
  options.train.batch_size = batch_samples;
  options.train.gradient_accumulation_steps = 1;
  return options;
}

std::unique_ptr<queue::ProducerEnd> open_end(const config::Options& options,
                                             const proto::StreamMeta& meta) {
  queue::ProducerPlan plan;
  plan.ahead[static_cast<std::size_t>(proto::Split::kTrain)] =
      endpoint::train_window(options).samples_of(meta.schema);
  return producer::open_producer_end(options, meta, plan);
}

/// Both ends of a transport, working.
class MeasuredTransport {
 public:
  MeasuredTransport(const config::Options& options, const ConstantStream& stream)
      : batch_bytes_(options.train.batch_size * stream.meta().schema.bytes_per_sample()),
        producer_(stream, open_end(options, stream.meta())),
        trainer_(options, stream.expectation(), [this] { producer_.check(); }) {}

  /// The rate of taking batches as fast as they arrive, after those that were prefetched.
  double bytes_per_s(std::uint64_t bytes, std::uint64_t ahead_bytes) {
    take_about(ahead_bytes);
    const auto start = Clock::now();
    const std::uint64_t taken = take_about(bytes);
    return static_cast<double>(taken) / seconds_since(start);
  }

 private:
  std::uint64_t take_about(std::uint64_t bytes) {
    std::uint64_t taken = 0;
    for (; taken < bytes; taken += batch_bytes_) trainer_.take();
    return taken;
  }

  const std::uint64_t batch_bytes_;
  ConstantProducer producer_;
  FakeTrainer trainer_;
};

/// `address`: ZeroMQ's, for a socket of this kind.
void measure_socket_limits(SocketKind kind, const std::string& address,
                           const config::Options& options, const ConstantStream& stream,
                           std::uint64_t bytes, TransportRates& rates) {
  const auto columns = stream.columns(options.train.batch_size);
  const std::size_t batch_bytes =
      options.train.batch_size * stream.meta().schema.bytes_per_sample();
  rates.raw.push_back(RawLoopback(kind, batch_bytes).bytes_per_s(bytes));
  rates.zmq.push_back(zmq_baseline_bytes_per_s(address, columns, bytes));
}

void measure_limits(const config::Options& options, const ConstantStream& stream,
                    std::uint64_t ahead_bytes, std::uint64_t bytes, const BenchEnv& env,
                    TransportRates& rates) {
  constexpr std::size_t kFileBytes = proto::kChunkTargetBytes;
  switch (producer::queue_uri(options).transport->medium) {
    case queue::Medium::kMemory: break;
    case queue::Medium::kFiles:
      rates.plain.push_back(
          plain_files_bytes_per_s({env / "", kFileBytes, ahead_bytes / kFileBytes + 2}, bytes));
      break;
    case queue::Medium::kTcp:
      measure_socket_limits(SocketKind::kTcp, "tcp://127.0.0.1:*", options, stream, bytes, rates);
      break;
    case queue::Medium::kUnixSocket:
      measure_socket_limits(SocketKind::kUnix, "ipc://" + (env / "bare.sock").string(), options,
                            stream, bytes, rates);
      break;
  }
}

}  // namespace

TransportRates measure_transport(const config::Options& recipe, std::uint32_t batch_bytes,
                                 std::uint64_t bytes, std::uint64_t repeats) {
  const BenchEnv env(recipe, false);
  const ConstantStream stream;
  const std::size_t sample_bytes = stream.meta().schema.bytes_per_sample();
  const config::Options options = constant_stream_options(
      env.options(), static_cast<std::uint32_t>(batch_bytes / sample_bytes));
  const std::uint64_t ahead_bytes =
      endpoint::train_window(options).samples_of(stream.meta().schema) * sample_bytes;
  MeasuredTransport ours(options, stream);
  TransportRates rates;
  for (std::uint64_t i = 0; i < repeats; ++i) {
    check_not_stopped();
    measure_limits(options, stream, ahead_bytes, bytes, env, rates);
    rates.ours.push_back(ours.bytes_per_s(bytes, ahead_bytes));
  }
  return rates;
}

}  // namespace millrace::tools
