// Providers in shared libraries: the example of docs/how-to/plugin_example, and libraries that are
// refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/errors.h"
#include "config/recipe.h"
#include "proto/checkpoint.h"
#include "proto/digest.h"
#include "providers/load_plugin.h"
#include "providers/plugin.h"
#include "providers/registry.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::providers {
namespace {

using testing::contains;

config::Options recipe_of(const std::string& library,
                          const std::vector<config::Override>& more = {}) {
  std::vector<config::Override> overrides = {{"provider.name", library}, {"block_size", "8"}};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return config::default_options(overrides);
}

std::string refusal(const std::string& library, const std::vector<config::Override>& more = {}) {
  return testing::message_of<config::UsageError>(
      [&] { (void)make_provider(recipe_of(library, more)); });
}

std::string bad(const std::string& kind) {
  return std::string(MILLRACE_PLUGINS) + "/" + kind + "/libzeros.so";
}

TEST(Plugin, MakesTheSamplesOfItsSource) {
  const auto provider = make_provider(recipe_of(MILLRACE_EXAMPLE_PLUGIN));
  EXPECT_EQ(provider->meta().provider, "progressions");
  EXPECT_EQ(provider->meta().fingerprint, "3501bfc05c9283e4");
  const proto::Batch batch = fill_batch(*provider, {proto::Split::kTrain, 0, 2, {}});
  EXPECT_EQ(proto::hex16(proto::sample_digest(provider->meta().schema, batch, 0)),
            "95849dfc2484f753");
  EXPECT_EQ(proto::hex16(proto::sample_digest(provider->meta().schema, batch, 1)),
            "a83307e3dcf0131b");
}

TEST(Plugin, ThrowsOurErrors) {
  EXPECT_TRUE(contains(refusal(MILLRACE_EXAMPLE_PLUGIN, {{"settings", "{level = 3}"}}),
                       "level: the provider has no such setting"));
  EXPECT_EQ(refusal(bad("RECIPE")), "zeros take no recipe of block_size 8");
}

TEST(Plugin, IsRefusedWhereItIsNone) {
  EXPECT_EQ(refusal("./none.so"),
            "provider.name = './none.so': there is no such file; it is relative to the working "
            "directory");
  const testing::TemporaryFolder folder;
  const std::string text = (folder / "text.so").string();
  std::ofstream(text) << "not a library";
  EXPECT_TRUE(contains(refusal(text), "cannot be loaded: "));
  EXPECT_TRUE(
      contains(refusal(text), "build it as a shared library with the headers of this build"));
  EXPECT_TRUE(
      contains(refusal(MILLRACE_EMPTY_PLUGIN),
               "holds no provider; its source needs the line MILLRACE_PROVIDER(make_yours)"));
}

TEST(Plugin, IsLoadedOnlyWhereTheUserNamesIt) {
  const testing::TemporaryFolder folder;
  const std::string recipe = (folder / "config.toml").string();
  std::ofstream(recipe) << "[provider]\nname = \"" << MILLRACE_EXAMPLE_PLUGIN
                        << "\"\nblock_size = 8\n";
  const config::Override named{"provider.name", MILLRACE_EXAMPLE_PLUGIN};
  EXPECT_NO_THROW((void)make_provider(config::load_recipe(recipe)));
  std::ofstream(folder / proto::kTrainerFile) << "{}";  // the recipe is a checkpoint's now
  EXPECT_TRUE(contains(testing::message_of<config::UsageError>(
                           [&] { (void)make_provider(config::load_recipe(recipe)); }),
                       "is code that a checkpoint names"));
  EXPECT_NO_THROW((void)make_provider(config::load_recipe(recipe, {named})));
}

TEST(Plugin, IsRefusedWhenItIsOfAnotherBuild) {
  EXPECT_TRUE(contains(refusal(bad("VERSION")),
                       "built for interface version 999, and this program has interface version " +
                           std::to_string(kPluginVersion) +
                           "; build it again with the headers of this build"));
  EXPECT_TRUE(contains(refusal(bad("BUILD")), "recipes of 8 and metas of"));
  EXPECT_TRUE(contains(refusal(bad("BUILD")), "build it again with the headers of this build"));
}

TEST(Plugin, IsRefusedWhenItsMetaIsNotTheRecipes) {
  EXPECT_TRUE(
      contains(refusal(bad("SETTINGS")), "block_size is 8 in the recipe and 1 in its meta"));
  EXPECT_TRUE(contains(refusal(bad("FINGERPRINT")), "the fingerprint is not that of its meta"));
  const testing::TemporaryFolder folder;
  const std::string renamed = (folder / "libother.so").string();
  std::filesystem::copy_file(bad("NONE"), renamed);
  EXPECT_TRUE(contains(refusal(renamed),
                       "its meta says provider 'zeros', and a library of this name makes 'other'"));
  EXPECT_EQ(make_provider(recipe_of(bad("NONE")))->meta().provider, "zeros");
}

}  // namespace
}  // namespace millrace::providers
