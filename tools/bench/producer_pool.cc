#include "tools/bench/producer_pool.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace::tools {

BenchCrew::BenchCrew(const BenchPlace& place, std::filesystem::path bin, std::size_t producers)
    : place_(place),
      bin_(std::move(bin)),
      recipe_(place.write_recipe("prepare.toml", place.options())) {
  while (size() < producers) start();
}

void BenchCrew::start() {
  const std::string log = "prepare-" + std::to_string(++started_) + ".log";
  producers_.emplace_back(bin_ / "prepare", std::vector<std::string>{recipe_}, place_ / log);
}

void BenchCrew::replace_killed() {
  producers_.pop_front();
  start();
}

void BenchCrew::check() {
  for (ChildProcess& producer : producers_) producer.check();
}

std::uint64_t BenchCrew::most_anonymous_bytes() const {
  std::uint64_t most = 0;
  for (const ChildProcess& producer : producers_) most = std::max(most, producer.anonymous_bytes());
  return most;
}

}  // namespace millrace::tools
