// Markov chains with known entropy, and forward–backward over one (markov_process.h).
#include "providers/markov/markov_process.h"

#include <cmath>
#include <numbers>

#include "config/errors.h"
#include "providers/random/permutation.h"

namespace millrace::providers {
namespace {

constexpr std::uint64_t kSourceSeed = 0x6D61726B6F767072;  // "markovpr"
constexpr std::uint32_t kMostDelta = 32;                   // the word 0 has 32 leading zeros

std::uint32_t contexts_of(std::uint32_t symbols, std::uint32_t order) {
  using config::UsageError;
  if (symbols < MarkovProcess::kLeastSymbols || symbols > MarkovProcess::kMostSymbols) {
    throw UsageError("provider.source_symbols = " + std::to_string(symbols) +
                     ": a Markov source has from " + std::to_string(MarkovProcess::kLeastSymbols) +
                     " to " + std::to_string(MarkovProcess::kMostSymbols) + " symbols");
  }
  if (order < 1) {
    throw UsageError("provider.source_order = 0: a Markov source remembers at least one symbol");
  }
  std::uint64_t contexts = 1;
  for (std::uint32_t i = 0; i < order && contexts <= MarkovProcess::kMostContexts; ++i) {
    contexts *= symbols;
  }
  if (contexts > MarkovProcess::kMostContexts) {
    throw UsageError("provider.source_order = " + std::to_string(order) +
                     " with source_symbols = " + std::to_string(symbols) + " needs more than " +
                     std::to_string(MarkovProcess::kMostContexts) + " contexts; lower one of them");
  }
  return static_cast<std::uint32_t>(contexts);
}

}  // namespace

MarkovProcess::MarkovProcess(std::uint32_t symbols, std::uint32_t order)
    : symbols_(symbols), order_(order), newer_(1), center_(contexts_of(symbols, order)) {
  newer_ = contexts() / symbols_;
  const PhiloxStream draws(kSourceSeed, proto::Split::kTrain, static_cast<std::uint8_t>(order),
                           symbols);
  for (std::uint32_t oldest = 0; oldest < symbols_; ++oldest) {
    const auto pi =
        static_cast<std::uint32_t>(permuted(draws, Purpose::kWeights, symbols_, oldest));
    for (std::uint32_t newer = 0; newer < newer_; ++newer) {
      const std::uint32_t f = uniform_below(draws.word(Purpose::kText, newer), symbols_);
      center_[oldest * newer_ + newer] = (pi + f) % symbols_;
    }
  }
}

std::string MarkovProcess::name() const {
  return "markov-" + std::to_string(symbols_) + "-" + std::to_string(order_);
}

double MarkovProcess::probability(std::uint32_t context, std::uint32_t to) const {
  const std::uint32_t delta = (to + symbols_ - center_[context]) % symbols_;
  const std::uint32_t most = std::min(symbols_ - 1, kMostDelta);
  if (delta > most) return 0;
  // 2^−(δ+1); the largest δ has the remaining probability, 2^−δ.
  return std::ldexp(1.0, -static_cast<int>(std::min(delta + 1, most)));
}

double MarkovProcess::entropy_rate_nats() const {
  const auto most = static_cast<int>(std::min(symbols_ - 1, kMostDelta));
  return (2 - std::ldexp(2.0, -most)) * std::numbers::ln2;
}

double MarkovProcess::block_entropy_nats(std::uint32_t length) const {
  const std::uint32_t free = std::min(length, order_);
  return (free * std::log(static_cast<double>(symbols_)) + (length - free) * entropy_rate_nats()) /
         length;
}

namespace {

/// Probabilities by context, up to a common factor; scale() makes their sum 1.
using Message = std::vector<double>;

void scale(Message& message) {
  double sum = 0;
  for (const double p : message) sum += p;
  for (double& p : message) p /= sum;
}

/// The forward–backward algorithm over one block. The state at position i is the context that ends
/// with x_i; at the first positions it includes symbols before the block, which are uniform and
/// hidden.
class ForwardBackward {
 public:
  ForwardBackward(const MarkovProcess& process, std::span<const std::uint32_t> block,
                  std::span<const std::uint8_t> visible)
      : process_(process), block_(block), visible_(visible) {}

  std::vector<double> surprises() const {
    const std::vector<Message> after = backward();
    std::vector<double> all;
    // Forward message: the context before position i, given the visible symbols before i.
    Message before(process_.contexts(), 1.0 / process_.contexts());
    for (std::size_t i = 0; i < block_.size(); ++i) {
      Message state = stepped(before);
      if (visible_[i] == 0) all.push_back(surprise(state, after[i], block_[i]));
      keep_seen(i, state);
      scale(state);
      before = std::move(state);
    }
    return all;
  }

 private:
  [[nodiscard]] std::uint32_t context_after(std::uint32_t context, std::uint32_t symbol) const {
    return context % (process_.contexts() / process_.symbols()) * process_.symbols() + symbol;
  }
  [[nodiscard]] std::uint32_t newest(std::uint32_t context) const {
    return context % process_.symbols();
  }

  void keep_seen(std::size_t i, Message& state) const {
    if (visible_[i] == 0) return;
    for (std::uint32_t c = 0; c < state.size(); ++c) {
      state[c] = newest(c) == block_[i] ? state[c] : 0;
    }
  }

  [[nodiscard]] Message stepped(const Message& before) const {
    Message state(before.size());
    for (std::uint32_t c = 0; c < before.size(); ++c) {
      if (before[c] == 0) continue;
      for (std::uint32_t to = 0; to < process_.symbols(); ++to) {
        state[context_after(c, to)] += before[c] * process_.probability(c, to);
      }
    }
    return state;
  }

  /// Backward messages, [i][context that ends with x_i]: the likelihood of the visible symbols
  /// after position i.
  [[nodiscard]] std::vector<Message> backward() const {
    std::vector<Message> after(block_.size(), Message(process_.contexts(), 1.0));
    for (std::size_t i = block_.size() - 1; i > 0; --i) {
      Message seen = after[i];
      keep_seen(i, seen);
      for (std::uint32_t c = 0; c < process_.contexts(); ++c) {
        double sum = 0;
        for (std::uint32_t to = 0; to < process_.symbols(); ++to) {
          sum += process_.probability(c, to) * seen[context_after(c, to)];
        }
        after[i - 1][c] = sum;
      }
      scale(after[i - 1]);
    }
    return after;
  }

  [[nodiscard]] double surprise(const Message& state, const Message& after,
                                std::uint32_t symbol) const {
    double all = 0;
    double right = 0;
    for (std::uint32_t c = 0; c < state.size(); ++c) {
      const double p = state[c] * after[c];
      all += p;
      if (newest(c) == symbol) right += p;
    }
    return -std::log(right / all);
  }

  const MarkovProcess& process_;
  std::span<const std::uint32_t> block_;
  std::span<const std::uint8_t> visible_;
};

}  // namespace

std::vector<double> hidden_surprise_nats(const MarkovProcess& process,
                                         std::span<const std::uint32_t> block,
                                         std::span<const std::uint8_t> visible) {
  return block.empty() ? std::vector<double>()
                       : ForwardBackward(process, block, visible).surprises();
}

}  // namespace millrace::providers
