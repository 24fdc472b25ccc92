// The recipes in config/ load, and have the values that their comments and the docs state.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "config/dataset_keys.h"
#include "config/recipe.h"
#include "config/stream_keys.h"

namespace millrace::config {
namespace {

Options load(const std::string& name) {
  return load_recipe(std::string(MILLRACE_SOURCE_DIR) + "/config/" + name);
}

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

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MILLRACE_SOURCE_DIR) + "/config")) {
    if (entry.path().extension() == ".toml") {
      found.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(found);
  return found;
}

TEST(ShippedRecipes, AllLoadAndEachHasAFolderOfItsOwn) {
  std::map<std::string, std::string> owners;
  for (const std::string& name : names()) {
    const Options options = load(name);
    EXPECT_TRUE(is_built_in(options)) << name;
    const auto [owner, fresh] = owners.emplace(options.train.out_dir, name);
    EXPECT_TRUE(fresh) << name << " and " << owner->second << " write to " << options.train.out_dir;
  }
  EXPECT_GE(owners.size(), 14u);
}

TEST(ShippedRecipes, StepsAreAsLargeAsThoseOfTheirReferences) {
  const auto samples = [](const std::string& name) {
    const TrainOptions train = load(name).train;
    return train.batch_size * train.gradient_accumulation_steps;
  };
  for (const char* const name :
       {"sedd_owt_small.toml", "sedd_owt_medium.toml", "mdlm_owt.toml", "d3pm_owt.toml",
        "cascade_stage1.toml", "cascade_stage2.toml", "cascade_stage3.toml"}) {
    EXPECT_EQ(samples(name), 512u) << name;
  }
  EXPECT_EQ(samples("d3pm_text8.toml"), 1024u);
  EXPECT_EQ(samples("gpt2_124m.toml"), 480u);
  EXPECT_EQ(samples("sedd_char.toml"), 64u);
}

TEST(ShippedRecipes, RandomReplacementHasTheReferencesWeightsAndNoStages) {
  for (const std::string name :
       {"char_random_replacement.toml", "char_random_replacement_small.toml"}) {
    const Options options = load(name);
    EXPECT_EQ(options.provider.name, "char_random_replacement");
    EXPECT_EQ(options.provider.random_weight, 0.8);
    EXPECT_EQ(options.provider.mask_weight, 0.2);
    EXPECT_EQ(options.provider.fragment_weight, 0.0);
    EXPECT_EQ(options.provider.schedule, "none");
    EXPECT_TRUE(options.provider.stages.empty());
  }
  const Options small = load("char_random_replacement_small.toml");
  const Options other = load("char_diffusion_small.toml");
  EXPECT_EQ(small.provider.block_size, other.provider.block_size);
  for (const KeyDifference& difference : differences(small, other)) {
    EXPECT_FALSE(difference.key.starts_with("model.")) << difference.key;
    EXPECT_TRUE(!difference.key.starts_with("train.") || difference.key == "train.out_dir")
        << difference.key;
  }
}

TEST(ShippedRecipes, TheExampleOfSeveralDatasetsMixesTwo) {
  const Options options = load("datasets_example.toml");
  EXPECT_EQ(options.data.datasets.size(), 3u);
  EXPECT_EQ(selected_datasets(options.data).size(), 2u);
  EXPECT_EQ(options.data.order, "shuffle");
}

}  // namespace
}  // namespace millrace::config
