// The random numbers of a simulated run: its seed decides everything that happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace millrace::simulator {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  /// 0 … bound − 1
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool chance(double probability) {
    return static_cast<double>(engine_() >> 11) * 0x1.0p-53 < probability;
  }
  Duration between(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace millrace::simulator
