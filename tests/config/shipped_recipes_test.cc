// The recipes in config/ load, and are what they say they are.
#include <gtest/gtest.h>

#include "config/recipe.h"

namespace millrace::config {
namespace {

Options load(const std::string& name) { return load_recipe(std::string(MILLRACE_SOURCE_DIR) + "/config/" + name); }

TEST(ShippedRecipes, TheReferenceHasAllItsStages) {
  const Options options = load("char_diffusion.toml");
  EXPECT_EQ(options.provider.schedule, "mix");
  EXPECT_EQ(options.provider.stages.size(), 9u);
  EXPECT_EQ(options.provider.validation_stages.size(), 14u);
  EXPECT_EQ(options.provider.block_size, 1024u);
  EXPECT_EQ(options.model.n_layer, 8u);
  EXPECT_EQ(options.model.n_embd, 512u);
  EXPECT_EQ(options.train.batch_size, 16u);
  EXPECT_EQ(options.train.max_iters, 10000u);
}

TEST(ShippedRecipes, TheSmallOneKeepsTheReferencesMasking) {
  const Options reference = load("char_diffusion.toml");
  const Options options = load("char_diffusion_small.toml");
  EXPECT_EQ(options.provider.schedule, "mix");
  EXPECT_EQ(options.provider.stages, reference.provider.stages);
  EXPECT_TRUE(options.provider.validation_stages.empty());
  EXPECT_NE(options.queue.uri, reference.queue.uri);
  EXPECT_NE(options.train.out_dir, reference.train.out_dir);
}

}  // namespace
}  // namespace millrace::config
