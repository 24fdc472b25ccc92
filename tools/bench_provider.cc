// bench provider CONFIG: how fast the recipe's provider computes samples on this machine, without any transport.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "config/recipe.h"
#include "producer/window.h"
#include "providers/data_provider.h"
#include "providers/registry.h"
#include "tools/bench_numbers.h"
#include "tools/bench_waits.h"
#include "tools/subjects.h"

namespace millrace::tools {
namespace {

constexpr std::uint64_t kRepeats = 5;
constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 40;
constexpr std::uint64_t kTokensAThread = 16'000'000;

struct Work {
  std::uint64_t samples;  ///< a thread and repeat
  std::uint64_t repeats;
  std::uint32_t range_samples;  ///< computed at once: what a transport would ask for
};

/// Train samples [0, threads × samples), range by range; whoever is free takes the next one.
double seconds_to_fill(const providers::DataProvider& provider, const Work& work, std::uint32_t threads) {
  const std::uint64_t end = work.samples * threads;
  std::optional<std::uint8_t> stage;
  if (provider.trainer_names_stages()) stage = 0;
  std::atomic<std::uint64_t> next{0};
  const auto fill_all = [&] {
    while (!config::stop_requested()) {
      const std::uint64_t first = next.fetch_add(work.range_samples);
      if (first >= end) return;
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(work.range_samples, end - first));
      static_cast<void>(providers::fill_batch(provider, {proto::Split::kTrain, first, count, stage}));
    }
  };
  const auto start = Clock::now();
  {
    std::vector<std::jthread> others;
    for (std::uint32_t i = 1; i < threads; ++i) others.emplace_back(fill_all);
    fill_all();
  }
  check_not_stopped();
  return seconds_since(start);
}

double samples_per_s(const providers::DataProvider& provider, const Work& work, std::uint32_t threads) {
  static_cast<void>(seconds_to_fill(provider, work, threads));  // caches and clock rates warm up
  std::vector<double> rates;
  for (std::uint64_t i = 0; i < work.repeats; ++i) {
    rates.push_back(static_cast<double>(work.samples * threads) / seconds_to_fill(provider, work, threads));
  }
  return median(rates);
}

void show(const proto::StreamMeta& meta, std::uint32_t threads, double rate, bool json) {
  const double tokens = rate * meta.block_size;
  if (json) {
    const nlohmann::ordered_json line = {{"bench", "provider"},          {"provider", meta.provider},
                                         {"threads", threads},           {"tokens_per_s", tokens},
                                         {"samples_per_s", rate},        {"tokens_per_s_per_thread", tokens / threads},
                                         {"block_size", meta.block_size}};
    std::cout << line.dump() << std::endl;
    return;
  }
  fmt::print("  {} thread{}: {}tokens/s, {}samples/s; {}tokens/s a thread\n", threads, threads == 1 ? " " : "s",
             with_prefix(tokens), with_prefix(rate), with_prefix(tokens / threads));
}

Work work_of(const config::Arguments& arguments, const config::Options& options, const proto::StreamMeta& meta) {
  return {arguments.number("samples", 1, kMostSamples).value_or(kTokensAThread / meta.block_size + 1),
          arguments.number("repeats", 1, kMostRepeats).value_or(kRepeats),
          queue::leased_range_samples(meta.schema, producer::train_window(options))};
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  const config::Options options = config::load_recipe(arguments.positional.front(), arguments.overrides);
  const std::unique_ptr<providers::DataProvider> provider = providers::make_provider(options);
  const proto::StreamMeta& meta = provider->meta();
  const Work work = work_of(arguments, options, meta);
  if (!arguments.json) {
    fmt::print("{} over {}, stream {}: samples of {} tokens; {} samples a thread, medians of {}\n", meta.provider,
               meta.dataset_name, meta.fingerprint, meta.block_size, work.samples, work.repeats);
  }
  for (const std::uint32_t threads : std::set<std::uint32_t>{1, options.producer.threads}) {
    show(meta, threads, samples_per_s(*provider, work, threads), arguments.json);
  }
  return 0;
}

}  // namespace

Subject provider_bench() {
  return {"provider",
          {.name = "bench provider",
           .usage = "CONFIG [overrides] [--samples N] [--repeats R]",
           .about = "Computes samples of a recipe's stream, on one thread and on producer.threads of them, and says how fast.",
           .flags = {{"samples", "N", "a thread and repeat; default: 16 million tokens' worth"},
                     {"repeats", "R", "the median of so many is shown; default 5"}}},
          run};
}

}  // namespace millrace::tools
