#include "consumer/batch_sharding.h"

#include <algorithm>

namespace millrace::consumer {

Slice share(const BatchSharding& deal, std::uint64_t first, std::uint32_t count) {
  const std::uint64_t begin = std::uint64_t{count} * deal.rank / deal.world;
  const std::uint64_t end = std::uint64_t{count} * (deal.rank + 1) / deal.world;
  return {first + begin, static_cast<std::uint32_t>(end - begin)};
}

std::vector<Slice> micro_batches(const BatchSharding& deal, std::uint64_t cursor) {
  const Slice mine = share(deal, cursor, deal.global_batch());
  std::vector<Slice> pieces;
  for (std::uint32_t done = 0; done < mine.count; done += deal.batch_size) {
    pieces.push_back({mine.first + done, std::min(deal.batch_size, mine.count - done)});
  }
  return pieces;
}

}  // namespace millrace::consumer
