// The output of bench stream: each result as soon as it is there, in words or as one line of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/options.h"
#include "tools/bench/bench_kill.h"
#include "tools/bench/bench_throughput.h"
#include "tools/bench/bench_transport.h"
#include "tools/bench/bench_waiting.h"

namespace millrace::tools {

class StreamReport {
 public:
  /// `producers`: `prepare` processes.
  StreamReport(const config::Options& options, std::size_t producers, std::uint64_t repeats,
               bool json);

  void transport(std::uint32_t batch_bytes, const TransportRates& rates) const;
  void delivered(const Throughput& throughput) const;
  /// `anonymous_bytes`: anonymous memory of the largest producer.
  void memory(std::uint64_t anonymous_bytes) const;
  /// `pace`: of the trainer, in tokens per second; `why`: the reason for it, in words.
  void waited(double pace, const std::string& why, const Waiting& waiting) const;
  void killed(const std::string& taken, const KillGaps& gaps) const;
  void resumed(const std::vector<double>& seconds) const;

 private:
  using Json = nlohmann::ordered_json;

  void show(const std::string& words, Json line) const;

  bool json_;
  Json common_;
};

}  // namespace millrace::tools
