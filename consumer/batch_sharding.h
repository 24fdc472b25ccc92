// How the samples of a global batch are dealt to ranks and cut into micro-batches.
#pragma once

#include <cstdint>
#include <vector>

namespace millrace::consumer {

/// Contiguous samples of a stream.
struct Slice {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const Slice&) const = default;
};

/// One rank's share of every step.
struct BatchSharding {
  std::uint32_t batch_size = 1;                   ///< samples of a micro-batch
  std::uint32_t gradient_accumulation_steps = 1;  ///< micro-batches of a step, over all ranks
  std::uint32_t rank = 0;
  std::uint32_t world = 1;

  /// Samples of one step, whatever the number of ranks.
  [[nodiscard]] std::uint32_t global_batch() const {
    return batch_size * gradient_accumulation_steps;
  }
};

/// The part of [first, first + count) that belongs to the deal's rank: contiguous blocks, the same
/// for equal arguments on every rank; empty slices where ranks outnumber samples.
[[nodiscard]] Slice share(const BatchSharding& deal, std::uint64_t first, std::uint32_t count);

/// This rank's micro-batches of the step that starts at `cursor`: its share of the global batch in
/// pieces of at most batch_size. Where the ranks divide the micro-batches these are whole ones.
[[nodiscard]] std::vector<Slice> micro_batches(const BatchSharding& deal, std::uint64_t cursor);

}  // namespace millrace::consumer
