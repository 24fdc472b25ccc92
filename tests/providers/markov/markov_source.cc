// The Markov source: its weights, its entropies, its text.
#include "tests/providers/markov/markov_source.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

constexpr std::uint64_t kSourceSeed = 0x6D696C6C72616365;  // "millrace"
constexpr std::size_t kNewline = 0;
constexpr std::size_t kSpace = 1;
// Lines of about 40 characters.
constexpr std::uint32_t kNewlineWeight = MarkovSource::kRowTotal / 32;

bool allowed(std::size_t from, std::size_t to) {
  const auto blank = [](std::size_t symbol) { return symbol == kNewline || symbol == kSpace; };
  return !(blank(from) && blank(to));
}

/// The sixth power of a uniform number, in 2^-16: a few likely successors, many rare ones.
std::uint64_t skewed(std::uint32_t word) {
  const std::uint64_t u = word >> 16;
  const std::uint64_t cube = (u * u * u) >> 32;
  return (cube * cube) >> 16;
}

std::array<std::uint32_t, MarkovSource::kSymbols> make_row(std::size_t from) {
  const PhiloxStream draws(kSourceSeed, proto::Split::kTrain, 0, from);
  std::array<std::uint64_t, MarkovSource::kSymbols> share{};
  for (std::size_t to = 0; to < share.size(); ++to) {
    if (to != kNewline && allowed(from, to)) {
      share[to] = 1 + skewed(draws.word(Purpose::kWeights, to));
    }
  }
  const std::uint64_t shares = std::accumulate(share.begin(), share.end(), std::uint64_t{0});

  std::array<std::uint32_t, MarkovSource::kSymbols> row{};
  if (allowed(from, kNewline)) row[kNewline] = kNewlineWeight;
  const std::uint64_t rest = MarkovSource::kRowTotal - row[kNewline];
  for (std::size_t to = 0; to < row.size(); ++to) {
    row[to] += static_cast<std::uint32_t>(share[to] * rest / shares);
  }
  const std::uint32_t given = std::accumulate(row.begin(), row.end(), std::uint32_t{0});
  // What rounding down left over.
  *std::max_element(row.begin(), row.end()) += MarkovSource::kRowTotal - given;
  return row;
}

double entropy_nats(const MarkovSource::Distribution& p) {
  double sum = 0;
  for (const double each : p) sum -= each > 0 ? each * std::log(each) : 0;
  return sum;
}

double dot(const MarkovSource::Distribution& a, const MarkovSource::Distribution& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

MarkovSource::MarkovSource() {
  for (std::size_t from = 0; from < kSymbols; ++from) weights_[from] = make_row(from);
}

double MarkovSource::probability(std::size_t from, std::size_t to) const {
  return static_cast<double>(weights_[from][to]) / kRowTotal;
}

MarkovSource::Distribution MarkovSource::step(const Distribution& now) const {
  Distribution next{};
  for (std::size_t from = 0; from < kSymbols; ++from) {
    for (std::size_t to = 0; to < kSymbols; ++to) next[to] += now[from] * probability(from, to);
  }
  return next;
}

MarkovSource::Distribution MarkovSource::stationary() const {
  constexpr int kSteps = 2000;  // far beyond convergence: the chain mixes in tens of steps
  Distribution now;
  now.fill(1.0 / kSymbols);
  for (int i = 0; i < kSteps; ++i) now = step(now);
  return now;
}

MarkovSource::Distribution MarkovSource::first(Start start) const {
  if (start == Start::kStationary) return stationary();
  Distribution after_newline{};
  after_newline[kNewline] = 1;
  return step(after_newline);
}

MarkovSource::Distribution MarkovSource::entropy_of_rows_nats() const {
  Distribution entropies{};
  for (std::size_t from = 0; from < kSymbols; ++from) {
    Distribution row;
    for (std::size_t to = 0; to < kSymbols; ++to) row[to] = probability(from, to);
    entropies[from] = entropy_nats(row);
  }
  return entropies;
}

double MarkovSource::entropy_rate_nats() const { return dot(stationary(), entropy_of_rows_nats()); }

double MarkovSource::block_entropy_nats(std::uint32_t length, Start start) const {
  const Distribution of_rows = entropy_of_rows_nats();
  Distribution now = first(start);
  double sum = entropy_nats(now);
  for (std::uint32_t i = 1; i < length; ++i) {  // chain rule: H(x1 … xL) = H(x1) + Σ H(x_i+1 | x_i)
    sum += dot(now, of_rows);
    now = step(now);
  }
  return sum / length;
}

std::string MarkovSource::generate(std::size_t characters) const {
  std::array<Row, kSymbols> up_to{};  // [from][to]: weight of all symbols up to and with `to`
  for (std::size_t from = 0; from < kSymbols; ++from) {
    std::partial_sum(weights_[from].begin(), weights_[from].end(), up_to[from].begin());
  }
  constexpr std::size_t kAtOnce = 4096;
  const PhiloxStream draws(kSourceSeed, proto::Split::kTrain, 0, 0);
  std::string text(characters, '\0');
  std::size_t symbol = kNewline;
  for (std::size_t done = 0; done < characters; done += kAtOnce) {
    const auto words = draws.words(Purpose::kText, done, std::min(kAtOnce, characters - done));
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::uint32_t drawn = words[i] >> 16;
      std::uint32_t next = 0;
      for (const std::uint32_t bound : up_to[symbol]) next += drawn >= bound ? 1 : 0;
      symbol = next;
      text[done + i] = kCharacters[symbol];
    }
  }
  return text;
}

}  // namespace millrace::providers
