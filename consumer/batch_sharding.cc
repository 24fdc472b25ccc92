// How a global batch is divided (batch_sharding.h).
#include "consumer/batch_sharding.h"

#include <algorithm>

namespace millrace::consumer {

Slice share(const BatchSharding& sharding, std::uint64_t first, std::uint32_t count) {
  const std::uint64_t begin = std::uint64_t{count} * sharding.rank / sharding.world_size;
  const std::uint64_t end = std::uint64_t{count} * (sharding.rank + 1) / sharding.world_size;
  return {first + begin, static_cast<std::uint32_t>(end - begin)};
}

std::vector<Slice> micro_batches(const BatchSharding& sharding, std::uint64_t cursor) {
  const Slice mine = share(sharding, cursor, sharding.global_batch());
  std::vector<Slice> pieces;
  for (std::uint32_t done = 0; done < mine.count; done += sharding.batch_size) {
    pieces.push_back({mine.first + done, std::min(sharding.batch_size, mine.count - done)});
  }
  return pieces;
}

}  // namespace millrace::consumer
