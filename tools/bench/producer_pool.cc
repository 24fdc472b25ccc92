// `prepare` processes of one recipe.
#include "tools/bench/producer_pool.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace::tools {

ProducerPool::ProducerPool(const BenchEnv& env, std::filesystem::path bin, std::size_t producers)
    : env_(env), bin_(std::move(bin)), recipe_(env.write_recipe("prepare.toml", env.options())) {
  while (size() < producers) start();
}

void ProducerPool::start() {
  const std::string log = "prepare-" + std::to_string(++started_) + ".log";
  producers_.emplace_back(bin_ / "prepare", std::vector<std::string>{recipe_}, env_ / log);
}

void ProducerPool::replace_killed() {
  producers_.pop_front();
  start();
}

void ProducerPool::check() {
  for (ChildProcess& producer : producers_) producer.check();
}

std::uint64_t ProducerPool::most_anonymous_bytes() const {
  std::uint64_t most = 0;
  for (const ChildProcess& producer : producers_) most = std::max(most, producer.anonymous_bytes());
  return most;
}

}  // namespace millrace::tools
