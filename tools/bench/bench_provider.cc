// bench provider CONFIG: the speed at which the recipe's provider computes samples on this machine,
// without a transport.
#include <fmt/ostream.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "config/app/malloc_tuning.h"
#include "config/recipe.h"
#include "endpoint/window.h"
#include "proto/json_text.h"
#include "providers/data_provider.h"
#include "providers/registry.h"
#include "tools/bench/bench_numbers.h"
#include "tools/bench/bench_waits.h"
#include "tools/bench/machine_limits.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

constexpr std::uint64_t kRepeats = 5;
constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 40;
constexpr std::uint64_t kTokensAThread = 32'000'000;

struct Plan {
  std::uint64_t samples;  ///< per thread and repeat
  std::uint64_t repeats;
  std::uint32_t range_samples;  ///< samples per range: as many as a transport would ask for
};

struct Seconds {
  double wall;
  double cpu;  ///< processor time of all threads
};

/// Computes train samples [0, threads × samples), range by range; a free thread takes the next
/// range.
Seconds seconds_to_fill(const providers::DataProvider& provider, const Plan& plan,
                        std::uint32_t threads) {
  const std::uint64_t end = plan.samples * threads;
  std::optional<std::uint8_t> stage;
  if (provider.trainer_names_stages()) stage = 0;
  std::atomic<std::uint64_t> next{0};
  const auto fill_all = [&] {
    while (!config::stop_requested()) {
      const std::uint64_t first = next.fetch_add(plan.range_samples);
      if (first >= end) return;
      const auto count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(plan.range_samples, end - first));
      static_cast<void>(
          providers::fill_batch(provider, {proto::Split::kTrain, first, count, stage}));
    }
  };
  const std::clock_t cpu_start = std::clock();
  const auto start = Clock::now();
  {
    std::vector<std::jthread> others;
    for (std::uint32_t i = 1; i < threads; ++i) others.emplace_back(fill_all);
    fill_all();
  }
  check_not_stopped();
  return {seconds_since(start), static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC};
}

/// One value per repeat each.
struct Rates {
  std::vector<double> wall;          ///< samples per second
  std::vector<double> cpu;           ///< samples per second of processor time
  std::vector<double> copied_bytes;  ///< bytes per second of a memcpy after the repeat
};

Rates measure(const providers::DataProvider& provider, const Plan& plan, std::uint32_t threads,
              MemoryCopy& copy) {
  static_cast<void>(seconds_to_fill(provider, plan, threads));  // warms up caches and clock rates
  Rates rates;
  for (std::uint64_t i = 0; i < plan.repeats; ++i) {
    const Seconds seconds = seconds_to_fill(provider, plan, threads);
    const auto samples = static_cast<double>(plan.samples * threads);
    rates.wall.push_back(samples / seconds.wall);
    rates.cpu.push_back(samples / std::max(seconds.cpu, 1.0 / CLOCKS_PER_SEC));
    rates.copied_bytes.push_back(copy.bytes_per_s());
  }
  return rates;
}

void show(const proto::StreamMeta& meta, std::uint32_t threads, const Rates& rates, bool json) {
  const double rate = median(rates.wall);
  const double tokens = rate * meta.block_size;
  const double least = smallest(rates.wall) * meta.block_size;
  const double most = largest(rates.wall) * meta.block_size;
  const double of_cpu = median(rates.cpu) * meta.block_size;
  const double bytes = rate * static_cast<double>(meta.schema.bytes_per_sample());
  const double copied = median(rates.copied_bytes);
  if (json) {
    const nlohmann::ordered_json line = {
        {"bench", "provider"},          {"provider", meta.provider},
        {"threads", threads},           {"tokens_per_s", tokens},
        {"least_tokens_per_s", least},  {"most_tokens_per_s", most},
        {"samples_per_s", rate},        {"tokens_per_s_per_thread", tokens / threads},
        {"tokens_per_cpu_s", of_cpu},   {"bytes_per_s", bytes},
        {"memcpy_bytes_per_s", copied}, {"block_size", meta.block_size}};
    std::cout << proto::json_text(line) << std::endl;
    return;
  }
  fmt::print(std::cout, "  {} thread{}: {}tokens/s, {}samples/s; {}tokens/s per thread\n", threads,
             threads == 1 ? " " : "s", with_prefix(tokens), with_prefix(rate),
             with_prefix(tokens / threads));
  fmt::print(std::cout, "    from {}tokens/s to {}tokens/s; {}tokens per second of CPU time\n",
             with_prefix(least), with_prefix(most), with_prefix(of_cpu));
  fmt::print(std::cout, "    {}B/s written; memcpy on one core: {}B/s\n", with_prefix(bytes),
             with_prefix(copied));
}

Plan plan_of(const config::Arguments& arguments, const config::Options& options,
             const proto::StreamMeta& meta) {
  return {
      arguments.number("samples", 1, kMostSamples).value_or(kTokensAThread / meta.block_size + 1),
      arguments.number("repeats", 1, kMostRepeats).value_or(kRepeats),
      queue::leased_range_samples(meta.schema, endpoint::train_window(options))};
}

int run(const config::Arguments& arguments) {
  config::keep_freed_memory();  // as prepare does
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  config::catch_stop_signals();
  const std::unique_ptr<providers::DataProvider> provider = providers::make_provider(options);
  const proto::StreamMeta& meta = provider->meta();
  const Plan plan = plan_of(arguments, options, meta);
  if (!arguments.json) {
    fmt::print(
        std::cout,
        "{} over {}, stream {}: samples of {} tokens; {} samples per thread, medians of {}\n",
        meta.provider, meta.dataset_name, meta.fingerprint, meta.block_size, plan.samples,
        plan.repeats);
  }
  MemoryCopy copy;
  for (const std::uint32_t threads : std::set<std::uint32_t>{1, options.producer.threads}) {
    show(meta, threads, measure(*provider, plan, threads, copy), arguments.json);
  }
  return 0;
}

}  // namespace

Subcommand provider_bench() {
  return {
      "provider",
      {.name = "bench provider",
       .usage = "CONFIG [overrides] [--samples N] [--repeats R]",
       .about = "Measures how fast samples of a recipe's stream are computed, on one thread and "
                "on producer.threads.",
       .flags = {{"samples", "N", "samples per thread and repeat; default: 32 million tokens"},
                 {"repeats", "R", "number of repeats, whose median is shown; default 5"}}},
      run};
}

}  // namespace millrace::tools
