// The outcome of a simulated run, and the lines of its trace.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "tests/simulator/random.h"

namespace millrace::simulator {

struct Outcome {
  /// Empty: the samples of the committed history are the function's, each once, in order.
  std::string failure;
  std::uint64_t simulated_ms = 0;
  std::uint64_t letters = 0;
  std::uint64_t kills = 0;    ///< of producers; over a folder of all processes
  std::uint64_t resumes = 0;  ///< of the trainer; over a folder all its starts

  /// This outcome of a run that ended at `now`; `why`: its failure, or empty.
  [[nodiscard]] Outcome ended(const std::string& why, Time now) const {
    Outcome outcome = *this;
    outcome.failure = why;
    outcome.simulated_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    return outcome;
  }
  void add(const Outcome& other) {
    simulated_ms += other.simulated_ms;
    letters += other.letters;
    kills += other.kills;
    resumes += other.resumes;
  }
};

inline void trace_line(Time now, const std::string& what) {
  std::fprintf(stderr, "%8.3f s  %s\n",
               std::chrono::duration<double>(now.time_since_epoch()).count(), what.c_str());
}

}  // namespace millrace::simulator
