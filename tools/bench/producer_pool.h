// The producers of a measurement: `prepare` processes that can be killed and replaced. None over
// inproc://.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include "tools/bench/bench_env.h"
#include "tools/bench/child_process.h"

namespace millrace::tools {

class ProducerPool {
 public:
  /// `bin`: the folder of the program `prepare`.
  ProducerPool(const BenchEnv& env, std::filesystem::path bin, std::size_t producers);

  [[nodiscard]] std::size_t size() const { return producers_.size(); }
  /// Sends SIGKILL to the oldest producer and returns at once.
  void kill_one() { producers_.front().kill(); }
  /// Starts a new producer in place of the killed one.
  void replace_killed();
  /// Throws if a producer ended by itself, with its last line of output.
  void check();
  /// Anonymous memory of the largest producer in bytes.
  [[nodiscard]] std::uint64_t most_anonymous_bytes() const;

 private:
  void start();

  const BenchEnv& env_;
  const std::filesystem::path bin_;
  const std::string recipe_;
  std::size_t started_ = 0;
  std::deque<ChildProcess> producers_;
};

}  // namespace millrace::tools
