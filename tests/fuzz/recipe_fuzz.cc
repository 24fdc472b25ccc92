// A recipe and its overrides. The input is the TOML, then overrides `key=value`, each behind a NUL.
#include "config/errors.h"
#include "config/recipe.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

std::string_view take_part(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find('\0'));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

std::vector<config::Override> overrides_of(std::string_view rest) {
  std::vector<config::Override> overrides;
  while (!rest.empty()) {
    const std::string_view part = take_part(rest);
    const std::size_t equals = std::min(part.find('='), part.size());
    overrides.push_back({std::string(part.substr(0, equals)),
                         std::string(part.substr(std::min(equals + 1, part.size())))});
  }
  return overrides;
}

}  // namespace

bool take_recipe(std::string_view input) {
  const std::string recipe = scratch_file("recipe.toml", take_part(input));
  config::Options options;
  try {
    options = config::load_recipe(recipe, overrides_of(input));
  } catch (const config::UsageError&) {
    return false;
  }
  const std::string written = config::to_toml(options);
  const config::Options again = config::load_recipe(scratch_file("config.toml", written));
  require(config::differences(options, again).empty(),
          "a recipe that is taken can be written and read as the same");
  return true;
}

}  // namespace millrace::fuzz
