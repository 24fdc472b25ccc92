// What a recipe says of its data is what a producer's meta says of it, where that is cheap to know.
#include "providers/named_data.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "datasets/index/index_cache.h"
#include "providers/registry.h"
#include "tests/support/temporary_folder.h"

namespace millrace::providers {
namespace {

namespace fs = std::filesystem;

class NamedDataTest : public ::testing::Test {
 protected:
  config::Options options(const std::string& name, std::size_t bytes = 4000) {
    std::ofstream file(folder_ / name);
    for (std::size_t i = 0; file.tellp() < static_cast<std::streamoff>(bytes); ++i) {
      file << "line " << i << " of a text\n";
    }
    config::Options options;
    options.provider.block_size = 16;
    options.data.path = (folder_ / name).string();
    options.data.cache = cache_;
    return options;
  }

  testing::TemporaryFolder folder_;
  std::string cache_;
};

TEST_F(NamedDataTest, OfASmallFileTheNameAndTheContentAreThoseOfTheMeta) {
  for (const char* provider : {"char_diffusion", "sedd", "masked", "d3pm", "tokens"}) {
    config::Options recipe = options("mine.txt");
    recipe.provider.name = provider;
    const auto named = named_data(recipe);
    const proto::StreamMeta meta = make_provider(recipe)->meta();
    ASSERT_TRUE(named.has_value());
    EXPECT_EQ(named->name, "mine.txt");
    EXPECT_EQ(named->name, meta.dataset_name);
    EXPECT_EQ(named->hash, meta.dataset_hash);
    EXPECT_EQ(named->byte_level, meta.byte_level);
  }
}

TEST_F(NamedDataTest, AnotherFormatIsOtherContent) {
  config::Options recipe = options("mine.txt");
  const auto text = named_data(recipe);
  recipe.data.format = "lines";
  EXPECT_NE(named_data(recipe)->hash, text->hash);
  EXPECT_EQ(named_data(recipe)->hash, make_provider(recipe)->meta().dataset_hash);
}

TEST_F(NamedDataTest, ALargeFileIsNotReadButItsIndexIs) {
  const config::Options recipe = options("large.txt", datasets::kSmallBytes + 1000);
  EXPECT_EQ(named_data(recipe)->name, "large.txt");
  EXPECT_EQ(named_data(recipe)->hash, "");
  EXPECT_FALSE(fs::exists(folder_ / ".large.txt.millrace-index"));
  const proto::StreamMeta meta = make_provider(recipe)->meta();  // makes the index
  EXPECT_EQ(named_data(recipe)->hash, meta.dataset_hash);
}

TEST_F(NamedDataTest, AFileThatIsNotHereHasAName) {
  config::Options recipe;
  recipe.data.path = (folder_ / "elsewhere.txt").string();
  EXPECT_EQ(named_data(recipe)->name, "elsewhere.txt");
  EXPECT_EQ(named_data(recipe)->hash, "");
}

TEST_F(NamedDataTest, SeveralDatasetsHaveTheirNames) {
  config::Options recipe = options("a.txt");
  const std::string path = *recipe.data.path;
  recipe.data.path.reset();
  recipe.data.datasets = {{.name = "one", .path = path}, {.name = "two", .path = path}};
  const proto::StreamMeta meta = make_provider(recipe)->meta();
  EXPECT_EQ(named_data(recipe)->name, "one+two");
  EXPECT_EQ(named_data(recipe)->name, meta.dataset_name);
  EXPECT_EQ(named_data(recipe)->hash, meta.dataset_hash);
}

TEST_F(NamedDataTest, ARecipeThatNamesNoneSaysNothing) {
  config::Options recipe;
  EXPECT_FALSE(named_data(recipe).has_value());
  recipe.provider.name = "synthetic";
  EXPECT_FALSE(named_data(recipe).has_value());
  recipe = options("mine.txt");
  recipe.provider.name = "somebody_elses";  // which may give it any name
  EXPECT_FALSE(named_data(recipe).has_value());
}

}  // namespace
}  // namespace millrace::providers
