// bench provider CONFIG: how fast the recipe's provider computes samples on this machine, without
// any transport.
#include <fmt/format.h>

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
#include "config/stream_keys.h"
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

/// What one core is to compute at least, tokens a second; empty where nothing is wanted of the
/// provider.
std::optional<double> wanted_tokens_per_s(const config::Options& options) {
  const std::string& name = config::provider_name(options);
  if (name == "char_diffusion") return options.provider.schedule == "none" ? 500e6 : 100e6;
  if (name == "sedd") return 400e6;
  if (name == "cascade") return 100e6;
  if (name == "tokens") return 1e9;
  return std::nullopt;
}

struct Work {
  std::uint64_t samples;  ///< a thread and repeat
  std::uint64_t repeats;
  std::uint32_t range_samples;  ///< computed at once: what a transport would ask for
};

struct Seconds {
  double wall;
  double cpu;  ///< of all threads: less than theirs where something else had the cores
};

/// Train samples [0, threads × samples), range by range; whoever is free takes the next one.
Seconds seconds_to_fill(const providers::DataProvider& provider, const Work& work,
                        std::uint32_t threads) {
  const std::uint64_t end = work.samples * threads;
  std::optional<std::uint8_t> stage;
  if (provider.trainer_names_stages()) stage = 0;
  std::atomic<std::uint64_t> next{0};
  const auto fill_all = [&] {
    while (!config::stop_requested()) {
      const std::uint64_t first = next.fetch_add(work.range_samples);
      if (first >= end) return;
      const auto count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(work.range_samples, end - first));
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

/// Samples a second, of every repeat.
struct Rates {
  std::vector<double> wall;
  std::vector<double> cpu;
  std::vector<double> copied_bytes;  ///< memcpy's, measured after each repeat
};

Rates measure(const providers::DataProvider& provider, const Work& work, std::uint32_t threads,
              MemoryCopy& copy) {
  static_cast<void>(seconds_to_fill(provider, work, threads));  // caches and clock rates warm up
  Rates rates;
  for (std::uint64_t i = 0; i < work.repeats; ++i) {
    const Seconds seconds = seconds_to_fill(provider, work, threads);
    const auto samples = static_cast<double>(work.samples * threads);
    rates.wall.push_back(samples / seconds.wall);
    rates.cpu.push_back(samples / std::max(seconds.cpu, 1.0 / CLOCKS_PER_SEC));
    rates.copied_bytes.push_back(copy.bytes_per_s());
  }
  return rates;
}

/// `wanted`: tokens a second of a core, if something is.
void show(const proto::StreamMeta& meta, std::uint32_t threads, const Rates& rates,
          std::optional<double> wanted, bool json) {
  const double rate = median(rates.wall);
  const double tokens = rate * meta.block_size;
  const double least = smallest(rates.wall) * meta.block_size;
  const double most = largest(rates.wall) * meta.block_size;
  const double of_cpu = median(rates.cpu) * meta.block_size;
  const double bytes = rate * static_cast<double>(meta.schema.bytes_per_sample());
  const double copied = median(rates.copied_bytes);
  if (json) {
    nlohmann::ordered_json line = {
        {"bench", "provider"},          {"provider", meta.provider},
        {"threads", threads},           {"tokens_per_s", tokens},
        {"least_tokens_per_s", least},  {"most_tokens_per_s", most},
        {"samples_per_s", rate},        {"tokens_per_s_per_thread", tokens / threads},
        {"tokens_per_cpu_s", of_cpu},   {"bytes_per_s", bytes},
        {"memcpy_bytes_per_s", copied}, {"block_size", meta.block_size}};
    if (wanted) line["wanted_tokens_per_cpu_s"] = *wanted;
    std::cout << proto::json_text(line) << std::endl;
    return;
  }
  const std::string judged =
      wanted ? fmt::format(", wanted {}: {}", with_prefix(*wanted), verdict(of_cpu >= *wanted))
             : "";
  fmt::print("  {} thread{}: {}tokens/s, {}samples/s; {}tokens/s a thread\n", threads,
             threads == 1 ? " " : "s", with_prefix(tokens), with_prefix(rate),
             with_prefix(tokens / threads));
  fmt::print("    from {}tokens/s to {}tokens/s; {}tokens/s of CPU time{}\n", with_prefix(least),
             with_prefix(most), with_prefix(of_cpu), judged);
  fmt::print("    {}B/s written; memcpy on one core: {}B/s\n", with_prefix(bytes),
             with_prefix(copied));
}

Work work_of(const config::Arguments& arguments, const config::Options& options,
             const proto::StreamMeta& meta) {
  return {
      arguments.number("samples", 1, kMostSamples).value_or(kTokensAThread / meta.block_size + 1),
      arguments.number("repeats", 1, kMostRepeats).value_or(kRepeats),
      queue::leased_range_samples(meta.schema, endpoint::train_window(options))};
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  config::keep_freed_memory();  // as prepare does
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  const std::unique_ptr<providers::DataProvider> provider = providers::make_provider(options);
  const proto::StreamMeta& meta = provider->meta();
  const Work work = work_of(arguments, options, meta);
  if (!arguments.json) {
    fmt::print("{} over {}, stream {}: samples of {} tokens; {} samples a thread, medians of {}\n",
               meta.provider, meta.dataset_name, meta.fingerprint, meta.block_size, work.samples,
               work.repeats);
  }
  MemoryCopy copy;
  for (const std::uint32_t threads : std::set<std::uint32_t>{1, options.producer.threads}) {
    const std::optional<double> wanted = threads == 1 ? wanted_tokens_per_s(options) : std::nullopt;
    show(meta, threads, measure(*provider, work, threads, copy), wanted, arguments.json);
  }
  return 0;
}

}  // namespace

Subcommand provider_bench() {
  return {"provider",
          {.name = "bench provider",
           .usage = "CONFIG [overrides] [--samples N] [--repeats R]",
           .about = "Computes samples of a recipe's stream, on one thread and on producer.threads "
                    "of them, and says how fast.",
           .flags = {{"samples", "N", "a thread and repeat; default: 16 million tokens' worth"},
                     {"repeats", "R", "the median of so many is shown; default 5"}}},
          run};
}

}  // namespace millrace::tools
