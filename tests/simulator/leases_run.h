// One simulated run over a network: some producers, a trainer of some ranks, and everything that can happen to them, all drawn from
// one seed. The same seed always gives the same run.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::simulator {

struct Outcome {
  std::string failure;  ///< empty: what the committed history used is the function, each sample once, in order
  std::uint64_t simulated_ms = 0;
  std::uint64_t letters = 0;
  std::uint64_t kills = 0;    ///< of producers
  std::uint64_t resumes = 0;  ///< of the trainer
};

/// `trace`: says on stderr what happens.
[[nodiscard]] Outcome run_leases(std::uint64_t seed, bool trace);

}  // namespace millrace::simulator
