// Results as words and as JSON.
#include "tools/bench/stream_report.h"

#include <fmt/ostream.h>

#include <iostream>

#include "producer/open_ends.h"
#include "proto/json_text.h"
#include "tools/bench/bench_numbers.h"

namespace millrace::tools {
namespace {

/// A limit of the machine, measured in turns with the transport.
struct Limit {
  std::string name;
  std::string key;
  double bytes_per_s;
};

/// Those that were measured.
std::vector<Limit> limits_of(const TransportRates& rates) {
  std::vector<Limit> limits;
  const auto add = [&](const char* name, const char* key, const std::vector<double>& measured) {
    if (!measured.empty()) limits.push_back({name, key, median(measured)});
  };
  add("plain files", "plain", rates.plain);
  add("raw loopback", "raw", rates.raw);
  add("bare ZeroMQ", "bare", rates.zmq);
  return limits;
}

}  // namespace

StreamReport::StreamReport(const config::Options& options, std::size_t producers,
                           std::uint64_t repeats, bool json)
    : json_(json),
      common_{{"transport", producer::queue_uri(options).transport->scheme},
              {"keys", !options.queue.key_file.empty()},
              {"producers", producers},
              {"threads", options.producer.threads},
              {"batch_size", options.train.batch_size}} {
  if (json_) return;
  fmt::print(std::cout,
             "{}{}, {} producers of {} thread(s), batches of {} samples; medians of {}\n",
             producer::queue_uri(options).transport->prefix(),
             options.queue.key_file.empty() ? "" : " with keys", producers,
             options.producer.threads, options.train.batch_size, repeats);
}

void StreamReport::transport(std::uint32_t batch_bytes, const TransportRates& rates) const {
  const double ours = median(rates.ours);
  std::string words = fmt::format("transport alone, batches of {} KiB: {}B/s", batch_bytes >> 10,
                                  with_prefix(ours));
  Json line = {{"bench", "transport"}, {"batch_bytes", batch_bytes}, {"bytes_per_s", ours}};
  for (const Limit& limit : limits_of(rates)) {
    const double share = ours / limit.bytes_per_s;
    words +=
        fmt::format("; {:.2f} of {} ({}B/s)", share, limit.name, with_prefix(limit.bytes_per_s));
    line.update(
        {{limit.key + "_bytes_per_s", limit.bytes_per_s}, {"share_of_" + limit.key, share}});
  }
  show(words, line);
}

void StreamReport::delivered(const Throughput& throughput) const {
  const double mb = median(throughput.mb_per_s);
  const double tokens = median(throughput.tokens_per_s);
  const double ready = median(throughput.ready_share);
  show(fmt::format("delivered as fast as possible: {:.1f} MB/s, {}tokens/s, {:.0f} % of the "
                   "batches ready when asked for",
                   mb, with_prefix(tokens), 100 * ready),
       {{"bench", "stream"}, {"mb_per_s", mb}, {"tokens_per_s", tokens}, {"ready_share", ready}});
}

void StreamReport::memory(std::uint64_t anonymous_bytes) const {
  const double mib = static_cast<double>(anonymous_bytes) / (1 << 20);
  show(fmt::format("private memory of a producer: {:.1f} MiB", mib),
       {{"bench", "memory"}, {"anonymous_bytes", anonymous_bytes}});
}

void StreamReport::waited(double pace, const std::string& why, const Waiting& waiting) const {
  const double share = median(waiting.share);
  const double taken = median(waiting.tokens_per_s);
  show(fmt::format("a trainer that takes {}tokens/s, {}, waits for {:.2f} % of its time (worst "
                   "{:.2f} %); {:.1f} % of the batches ready when asked for",
                   with_prefix(pace), why, 100 * share, 100 * largest(waiting.share),
                   100 * median(waiting.ready_share)),
       {{"bench", "waiting"},
        {"pace", why},
        {"pace_tokens_per_s", pace},
        {"tokens_per_s", taken},
        {"wait_share", share},
        {"worst_wait_share", largest(waiting.share)},
        {"ready_share", median(waiting.ready_share)}});
}

void StreamReport::killed(const std::string& taken, const KillGaps& gaps) const {
  show(fmt::format("time without data after kill -9 of one of {} producers, {}: {:.3f} s, worst "
                   "{:.3f} s (before it: {:.3f} s)",
                   common_.at("producers").get<std::size_t>(), taken, median(gaps.after),
                   largest(gaps.after), median(gaps.usual)),
       {{"bench", "kill"},
        {"taken", taken},
        {"without_data_s", median(gaps.after)},
        {"worst_s", largest(gaps.after)},
        {"usual_s", median(gaps.usual)}});
}

void StreamReport::resumed(const std::vector<double>& seconds) const {
  show(fmt::format("time from `train --resume` to the first step: {:.3f} s, worst {:.3f} s",
                   median(seconds), largest(seconds)),
       {{"bench", "resume"}, {"first_step_s", median(seconds)}, {"worst_s", largest(seconds)}});
}

void StreamReport::show(const std::string& words, Json line) const {
  if (json_) line.update(common_);
  std::cout << (json_ ? proto::json_text(line) : "  " + words) << std::endl;
}

}  // namespace millrace::tools
