#include "trainer/given_checkpoint.h"

#include "config/errors.h"

namespace millrace::trainer {

namespace fs = std::filesystem;
using config::UsageError;

proto::Checkpoint open_given(const fs::path& given) {
  fs::path folder = given;
  for (const char* const link : {proto::kBestLink, proto::kLatestLink})
    if (folder == given && fs::exists(given / link)) folder = fs::canonical(given / link);
  std::string damage;
  auto found = proto::open_checkpoint(folder, damage);
  if (!found) throw UsageError("--checkpoint " + given.string() + " cannot be used: " + damage);
  return *found;
}

config::Options recipe_of(const fs::path& folder, const std::vector<config::Override>& overrides) {
  const std::string recipe = (folder / proto::kConfigFile).string();
  config::Options options = config::load_recipe(recipe, overrides);
  for (const auto& difference : config::differences(options, config::load_recipe(recipe)))
    if (difference.shapes != config::Shapes::kRun)
      throw UsageError(difference.key + " is part of the checkpoint and stays " + difference.there + "; leave it out");
  return options;
}

Weights weights_of(const fs::path& folder, const std::optional<std::string>& asked) {
  if (asked == "ema" && !has_ema(folder))
    throw UsageError("--weights ema: " + folder.string() +
                     " holds no average of the parameters; leave --weights out, or train with train.ema");
  return asked == "raw" || !has_ema(folder) ? Weights::kRaw : Weights::kEma;
}

}  // namespace millrace::trainer
