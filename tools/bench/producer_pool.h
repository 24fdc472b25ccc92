// The producers of a measurement: `prepare` processes that are killed and replaced. None over
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
  ProducerPool(const BenchEnv& place, std::filesystem::path bin, std::size_t producers);

  [[nodiscard]] std::size_t size() const { return producers_.size(); }
  /// SIGKILL to the one that has been there longest; returns at once.
  void kill_one() { producers_.front().kill(); }
  /// A new one in place of the one that was killed.
  void replace_killed();
  /// Throws, with the last words of the first of them that ended by itself.
  void check();
  /// Memory of its own that the largest of them has, bytes.
  [[nodiscard]] std::uint64_t most_anonymous_bytes() const;

 private:
  void start();

  const BenchEnv& place_;
  const std::filesystem::path bin_;
  const std::string recipe_;
  std::size_t started_ = 0;
  std::deque<ChildProcess> producers_;
};

}  // namespace millrace::tools
