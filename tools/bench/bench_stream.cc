// bench stream CONFIG: what the transport of queue.uri carries and delivers, whether a trainer
// waits for it, and how soon it delivers again when something dies.
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
#include "queue/ends/uri.h"
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
/// Of the transport alone.
constexpr std::uint32_t kBatchBytes[] = {std::uint32_t{256} << 10, std::uint32_t{1} << 20};
/// More than any trainer of today takes of a stream.
constexpr double kTrainerTokensPerSecond = 20e6;
const std::string kParts = "transport,stream,waiting,kill,resume";
/// Of what one producer was seen to make: a pace that those who are left can keep.
constexpr double kPaceShare = 0.8;

struct Request {
  std::uint64_t samples;
  std::uint64_t repeats;
  std::size_t producers;
  std::uint64_t bytes;  ///< that the transport alone moves in a repeat
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
  const bool inside = queue::parse_uri(options.queue.uri).scheme == queue::Scheme::kInproc;
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
  // Nothing is carried.
  if (queue::parse_uri(options.queue.uri).scheme == queue::Scheme::kInproc) return;
  for (const std::uint32_t batch_bytes : kBatchBytes) {
    report.transport(batch_bytes,
                     measure_transport(options, batch_bytes, request.bytes, request.repeats));
  }
}

void measure_waits(FakeTrainer& taker, ProducerPool& crew, const Request& request, double delivered,
                   const StreamReport& report) {
  const auto measure = [&](double pace, const std::string& why) {
    report.waited(pace, why, measure_waiting(taker, crew, pace, request.repeats));
  };
  measure(kTrainerTokensPerSecond, "a fast trainer's pace");
  measure(kPaceShare * delivered, fmt::format("{} of what is delivered", kPaceShare));
}

void measure_kills_at_paces(FakeTrainer& taker, ProducerPool& crew, const Request& request,
                            double delivered, const StreamReport& report) {
  if (crew.size() < 2) return;  // nobody would be left
  report.killed("batches taken as fast as they come",
                measure_kills(taker, crew, std::nullopt, request.repeats));
  const double pace =
      kPaceShare * delivered / taker.batch_tokens() / static_cast<double>(crew.size());
  report.killed("batches taken at the pace of one",
                measure_kills(taker, crew, pace, request.repeats));
}

void measure_taking(ProducerPool& crew, const config::Options& options, const Request& request,
                    const StreamReport& report) {
  FakeTrainer taker(options, [&crew] { crew.check(); });
  const Throughput seen = measure_throughput(taker, request.samples, request.repeats);
  report.delivered(seen);
  if (request.parts.contains("stream") && crew.size() > 0) {
    report.memory(crew.most_anonymous_bytes());
  }
  const double delivered = median(seen.tokens_per_s);
  if (request.parts.contains("waiting")) measure_waits(taker, crew, request, delivered, report);
  if (request.parts.contains("kill")) {
    measure_kills_at_paces(taker, crew, request, delivered, report);
  }
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  config::keep_freed_memory();  // as train does
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  const BenchEnv place(options, gives_uri(arguments));
  const Request request = request_of(arguments, place.options());
  const auto wants = [&](const char* part) { return request.parts.contains(part); };
  const StreamReport report(place.options(), request.producers, request.repeats, arguments.json);
  if (wants("transport")) measure_transport_alone(place.options(), request, report);
  if (request.parts == std::set<std::string>{"transport"}) return 0;
  ProducerPool crew(place, request.bin, request.producers);
  if (wants("stream") || wants("waiting") || wants("kill")) {
    measure_taking(crew, place.options(), request, report);
  }
  if (wants("resume") && exists(request.bin / "train")) {
    report.resumed(measure_resumes(place, crew, request.bin, request.repeats));
  }
  return 0;
}

}  // namespace

Subcommand stream_bench() {
  return {"stream",
          {.name = "bench stream",
           .usage = "CONFIG [overrides] [--producers P] [--samples N] [--repeats R] [--mib N] "
                    "[--only PARTS] "
                    "[--bin DIR]",
           .about = "Moves a stream that costs nothing, beside loops that do nothing else. Then "
                    "starts producers and takes their batches as "
                    "a trainer would, then kills producers and trainers, over the transport of "
                    "queue.uri: in a temporary place, unless "
                    "--queue.uri is given.",
           .flags = {{"producers", "P",
                      "`prepare` processes; default 2; over inproc:// the producer is inside"},
                     {"samples", "N", "taken in a repeat; default: 8 windows"},
                     {"repeats", "R", "the median of so many is shown; default 5"},
                     {"mib", "N", "moved in a repeat of the transport alone; default 512"},
                     {"only", "PARTS", "some of " + kParts + "; default: all"},
                     {"bin", "DIR",
                      "where `prepare` is, and `train`, if resuming is to be measured; default: "
                      "beside bench"}}},
          run};
}

}  // namespace millrace::tools
