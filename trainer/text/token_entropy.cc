// The entropy of a text's own histogram (token_entropy.h).
#include "trainer/text/token_entropy.h"

#include <cmath>
#include <map>

namespace millrace::trainer {

double token_entropy(std::span<const std::int64_t> tokens) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t token : tokens) counts[token] += 1.0;
  double nats = 0.0;
  for (const auto& [token, count] : counts) {
    const double share = count / static_cast<double>(tokens.size());
    nats -= share * std::log(share);
  }
  return nats;
}

}  // namespace millrace::trainer
