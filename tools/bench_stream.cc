// bench stream CONFIG: what the transport of queue.uri delivers, and how soon it delivers again when something dies.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/recipe.h"
#include "config/sizes.h"
#include "config/stop.h"
#include "queue/uri.h"
#include "tools/bench_crew.h"
#include "tools/bench_kill.h"
#include "tools/bench_numbers.h"
#include "tools/bench_place.h"
#include "tools/bench_resume.h"
#include "tools/bench_taker.h"
#include "tools/bench_throughput.h"
#include "tools/own_folder.h"
#include "tools/subjects.h"

namespace millrace::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kRepeats = 5;
constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 40;
constexpr std::uint64_t kProducers = 2;
constexpr std::uint64_t kMostProducers = 256;
constexpr std::uint64_t kWindowsARepeat = 64;
/// Of what one producer was seen to make: a pace that those who are left can keep.
constexpr double kPaceShare = 0.8;

struct Request {
  std::uint64_t samples;
  std::uint64_t repeats;
  std::size_t producers;
  std::filesystem::path bin;
  bool json;
};

bool gives_uri(const config::Arguments& arguments) {
  return std::ranges::any_of(arguments.overrides, [](const auto& one) { return one.key == "queue.uri" || one.key == "uri"; });
}

Request request_of(const config::Arguments& arguments, const config::Options& options) {
  const bool inside = queue::parse_uri(options.queue.uri).scheme == queue::Scheme::kInproc;
  const auto bin = arguments.value("bin");
  return {arguments.number("samples", 1, kMostSamples).value_or(kWindowsARepeat * config::window_samples(options)),
          arguments.number("repeats", 1, kMostRepeats).value_or(kRepeats),
          inside ? 0 : arguments.number("producers", 1, kMostProducers).value_or(kProducers),
          bin ? std::filesystem::path(*bin) : own_folder(), arguments.json};
}

std::string transport_of(const config::Options& options) { return options.queue.uri.substr(0, options.queue.uri.find("://")); }

/// Prints each result as soon as it is there: as words, or as one line of JSON.
class Report {
 public:
  Report(const config::Options& options, const Request& request)
      : json_(request.json),
        common_{{"transport", transport_of(options)},
                {"keys", !options.queue.key_file.empty()},
                {"producers", request.producers},
                {"threads", options.producer.threads},
                {"batch_size", options.train.batch_size}} {
    if (json_) return;
    fmt::print("{}://{}, {} producers of {} thread(s), batches of {} samples; medians of {}\n", transport_of(options),
               options.queue.key_file.empty() ? "" : " with keys", request.producers, options.producer.threads,
               options.train.batch_size, request.repeats);
  }

  void delivered(const Throughput& seen) const {
    const double mb = median(seen.mb_per_s);
    const double tokens = median(seen.tokens_per_s);
    const double ready = median(seen.ready_share);
    show(fmt::format("delivered as fast as it comes: {:.1f} MB/s, {}tokens/s, {:.0f} % of the batches ready when asked for", mb,
                     with_prefix(tokens), 100 * ready),
         {{"bench", "stream"}, {"mb_per_s", mb}, {"tokens_per_s", tokens}, {"ready_share", ready}});
  }

  void killed(const std::string& taken, const KillGaps& gaps) const {
    show(
        fmt::format("time without data after kill -9 of one of {} producers, {}: {:.3f} s, worst {:.3f} s (before it: {:.3f} s)",
                    common_.at("producers").get<std::size_t>(), taken, median(gaps.after), largest(gaps.after), median(gaps.usual)),
        {{"bench", "kill"},
         {"taken", taken},
         {"without_data_s", median(gaps.after)},
         {"worst_s", largest(gaps.after)},
         {"usual_s", median(gaps.usual)}});
  }

  void resumed(const std::vector<double>& seconds) const {
    show(fmt::format("time from `train --resume` to the first step: {:.3f} s, worst {:.3f} s", median(seconds), largest(seconds)),
         {{"bench", "resume"}, {"first_step_s", median(seconds)}, {"worst_s", largest(seconds)}});
  }

 private:
  void show(const std::string& words, Json line) const {
    if (json_) line.update(common_);
    std::cout << (json_ ? line.dump() : "  " + words) << std::endl;
  }

  bool json_;
  Json common_;
};

void measure_taking(const BenchPlace& place, BenchCrew& crew, const Request& request, const Report& report) {
  Taker taker(place.options(), [&crew] { crew.check(); });
  const Throughput seen = measure_throughput(taker, request.samples, request.repeats);
  report.delivered(seen);
  if (crew.size() < 2) return;  // nobody would be left
  report.killed("batches taken as fast as they come", measure_kills(taker, crew, std::nullopt, request.repeats));
  const double batch_tokens = static_cast<double>(taker.batch_samples()) * taker.meta().block_size;
  const double pace = kPaceShare * median(seen.tokens_per_s) / batch_tokens / static_cast<double>(crew.size());
  report.killed("batches taken at the pace of one", measure_kills(taker, crew, pace, request.repeats));
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  const config::Options options = config::load_recipe(arguments.positional.front(), arguments.overrides);
  const BenchPlace place(options, gives_uri(arguments));
  const Request request = request_of(arguments, place.options());
  const Report report(place.options(), request);
  BenchCrew crew(place, request.bin, request.producers);
  measure_taking(place, crew, request, report);
  if (exists(request.bin / "train")) report.resumed(measure_resumes(place, crew, request.bin, request.repeats));
  return 0;
}

}  // namespace

Subject stream_bench() {
  return {
      "stream",
      {.name = "bench stream",
       .usage = "CONFIG [overrides] [--producers P] [--samples N] [--repeats R] [--bin DIR]",
       .about =
           "Starts producers and takes their batches as a trainer would, then kills producers and trainers, over the transport of "
           "queue.uri: in a temporary place, unless --queue.uri is given.",
       .flags = {{"producers", "P", "`prepare` processes; default 2; over inproc:// the producer is inside"},
                 {"samples", "N", "taken in a repeat; default: 64 windows"},
                 {"repeats", "R", "the median of so many is shown; default 5"},
                 {"bin", "DIR", "where `prepare` is, and `train`, if resuming is to be measured; default: beside bench"}}},
      run};
}

}  // namespace millrace::tools
