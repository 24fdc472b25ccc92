// Divides the samples of a global batch among ranks, and cuts a rank's share into micro-batches.
#pragma once

#include <cstdint>
#include <vector>

namespace millrace::consumer {

/// Samples [first, first + count) of a stream.
struct Slice {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const Slice&) const = default;
};

/// The division of every step, for one rank.
struct BatchSharding {
  std::uint32_t batch_size = 1;                   ///< samples of a micro-batch
  std::uint32_t gradient_accumulation_steps = 1;  ///< micro-batches of a step, over all ranks
  std::uint32_t rank = 0;
  std::uint32_t world_size = 1;  ///< number of ranks

  /// Samples of one step, whatever the number of ranks.
  [[nodiscard]] std::uint32_t global_batch() const {
    return batch_size * gradient_accumulation_steps;
  }
};

/// The rank's part of [first, first + count): ranks take contiguous blocks in their order. Empty if
/// there are more ranks than samples and this rank gets none.
[[nodiscard]] Slice share(const BatchSharding& sharding, std::uint64_t first, std::uint32_t count);

/// The rank's micro-batches of the step that starts at `cursor`: its share of the global batch in
/// pieces of at most batch_size. They are all full where the number of ranks divides the number of
/// micro-batches.
[[nodiscard]] std::vector<Slice> micro_batches(const BatchSharding& sharding, std::uint64_t cursor);

}  // namespace millrace::consumer
