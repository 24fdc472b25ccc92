// bench stream CONFIG: measures the transport of queue.uri: its throughput, the time that a trainer
// waits for data, and its recovery after a process dies.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "config/app/malloc_tuning.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "config/sizes.h"
#include "queue/transports.h"
#include "tools/bench/bench_env.h"
#include "tools/bench/bench_kill.h"
#include "tools/bench/bench_numbers.h"
#include "tools/bench/bench_resume.h"
#include "tools/bench/bench_throughput.h"
#include "tools/bench/bench_transport.h"
#include "tools/bench/bench_waiting.h"
#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"
#include "tools/bench/stream_report.h"
#include "tools/executable_dir.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

constexpr std::uint64_t kRepeats = 5;
constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 40;
constexpr std::uint64_t kProducers = 2;
constexpr std::uint64_t kMostProducers = 256;
constexpr std::uint64_t kWindowsARepeat = 8;
constexpr std::uint64_t kMib = 512;
constexpr std::uint64_t kMostMib = std::uint64_t{1} << 20;
/// Batches of the transport alone.
constexpr std::uint32_t kBatchBytes[] = {std::uint32_t{256} << 10, std::uint32_t{1} << 20};
/// More than any trainer of today consumes.
constexpr double kTrainerTokensPerSecond = 20e6;
const std::string kParts = "transport,stream,waiting,kill,resume";
/// Pace as a share of the measured throughput, so that producers can keep it.
constexpr double kPaceShare = 0.8;

struct Request {
  std::uint64_t samples;
  std::uint64_t repeats;
  std::size_t producers;
  std::uint64_t bytes;  ///< per repeat of the transport alone
  std::filesystem::path bin;
  std::set<std::string> parts;
};

std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.insert(word);
  return words;
}

std::set<std::string> parts_of(const config::Arguments& arguments) {
  const std::set<std::string> all = words_of(kParts);
  const auto only = arguments.value("only");
  if (!only) return all;
  const std::set<std::string> parts = words_of(*only);
  if (std::ranges::includes(all, parts)) return parts;
  throw config::UsageError("--only=" + *only + ": expected some of " + kParts);
}

bool gives_uri(const config::Arguments& arguments) {
  return std::ranges::any_of(arguments.overrides, [](const auto& one) {
    return one.key == "queue.uri" || one.key == "uri";
  });
}

Request request_of(const config::Arguments& arguments, const config::Options& options) {
  const bool inside = queue::parse_uri(options.queue.uri).transport->in_process;
  const auto bin = arguments.value("bin");
  return {arguments.number("samples", 1, kMostSamples)
              .value_or(kWindowsARepeat * config::window_samples(options)),
          arguments.number("repeats", 1, kMostRepeats).value_or(kRepeats),
          inside ? 0 : arguments.number("producers", 1, kMostProducers).value_or(kProducers),
          arguments.number("mib", 1, kMostMib).value_or(kMib) << 20,
          bin ? std::filesystem::path(*bin) : executable_dir(),
          parts_of(arguments)};
}

void measure_transport_alone(const config::Options& options, const Request& request,
                             const StreamReport& report) {
  // inproc:// moves no bytes.
  if (queue::parse_uri(options.queue.uri).transport->in_process) return;
  for (const std::uint32_t batch_bytes : kBatchBytes) {
    report.transport(batch_bytes,
                     measure_transport(options, batch_bytes, request.bytes, request.repeats));
  }
}

void measure_waits(FakeTrainer& trainer, ProducerPool& producers, const Request& request,
                   double delivered, const StreamReport& report) {
  const auto measure = [&](double pace, const std::string& why) {
    report.waited(pace, why, measure_waiting(trainer, producers, pace, request.repeats));
  };
  measure(kTrainerTokensPerSecond, "a fast trainer's pace");
  measure(kPaceShare * delivered, fmt::format("{} of what is delivered", kPaceShare));
}

void measure_kills_at_paces(FakeTrainer& trainer, ProducerPool& producers, const Request& request,
                            double delivered, const StreamReport& report) {
  if (producers.size() < 2) return;  // none would be left
  report.killed("batches taken as fast as they come",
                measure_kills(trainer, producers, std::nullopt, request.repeats));
  const double pace =
      kPaceShare * delivered / trainer.batch_tokens() / static_cast<double>(producers.size());
  report.killed("batches taken at the pace of one",
                measure_kills(trainer, producers, pace, request.repeats));
}

void measure_delivery(ProducerPool& producers, const config::Options& options,
                      const Request& request, const StreamReport& report) {
  FakeTrainer trainer(options, [&producers] { producers.check(); });
  const Throughput throughput = measure_throughput(trainer, request.samples, request.repeats);
  report.delivered(throughput);
  if (request.parts.contains("stream") && producers.size() > 0) {
    report.memory(producers.most_anonymous_bytes());
  }
  const double delivered = median(throughput.tokens_per_s);
  if (request.parts.contains("waiting")) {
    measure_waits(trainer, producers, request, delivered, report);
  }
  if (request.parts.contains("kill")) {
    measure_kills_at_paces(trainer, producers, request, delivered, report);
  }
}

int run(const config::Arguments& arguments) {
  config::keep_freed_memory();  // as train does
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  config::catch_stop_signals();
  const BenchEnv env(options, gives_uri(arguments));
  const Request request = request_of(arguments, env.options());
  const auto wants = [&](const char* part) { return request.parts.contains(part); };
  const StreamReport report(env.options(), request.producers, request.repeats, arguments.json);
  if (wants("transport")) measure_transport_alone(env.options(), request, report);
  if (request.parts == std::set<std::string>{"transport"}) return 0;
  ProducerPool producers(env, request.bin, request.producers);
  if (wants("stream") || wants("waiting") || wants("kill")) {
    measure_delivery(producers, env.options(), request, report);
  }
  if (wants("resume") && exists(request.bin / "train")) {
    report.resumed(measure_resumes(env, producers, request.bin, request.repeats));
  }
  return 0;
}

}  // namespace

Subcommand stream_bench() {
  return {
      "stream",
      {.name = "bench stream",
       .usage = "CONFIG [overrides] [--producers P] [--samples N] [--repeats R] [--mib N] "
                "[--only PARTS] "
                "[--bin DIR]",
       .about = "Measures the transport of queue.uri: alone, with a stream that needs no "
                "computation, beside plain loops; with\n"
                "producers, as a trainer receives it; and after producers and trainers are "
                "killed. Uses a temporary folder, socket\nor port, unless --queue.uri is given.",
       .flags =
           {{"producers", "P",
             "number of `prepare` processes; default 2; over inproc:// the producer is inside"},
            {"samples", "N", "samples per repeat; default: 8 windows"},
            {"repeats", "R", "number of repeats, whose median is shown; default 5"},
            {"mib", "N", "MiB per repeat of the transport alone; default 512"},
            {"only", "PARTS", "the parts to measure, some of " + kParts + "; default: all"},
            {.name = "bin",
             .placeholder = "DIR",
             .help = "folder of `prepare` and, to measure resuming, `train`; default: that of "
                     "bench",
             .kind = config::Path{}}}},
      run};
}

}  // namespace millrace::tools
