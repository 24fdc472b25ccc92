#include "tools/bench_crew.h"

#include <utility>
#include <vector>

namespace millrace::tools {

BenchCrew::BenchCrew(const BenchPlace& place, std::filesystem::path bin, std::size_t producers)
    : place_(place), bin_(std::move(bin)), recipe_(place.write_recipe("prepare.toml", place.options())) {
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

}  // namespace millrace::tools
