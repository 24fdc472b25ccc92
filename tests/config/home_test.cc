// A leading "~/" of every key that is a path.
#include "config/home.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::config {
namespace {

using testing::contains;
using testing::message_of;

class Home : public ::testing::Test {
 protected:
  Home() { set("/home/miller"); }
  ~Home() override { set(before_.empty() ? nullptr : before_.c_str()); }
  static void set(const char* home) {
    home == nullptr ? ::unsetenv("HOME") : ::setenv("HOME", home, 1);
  }

 private:
  std::string before_ = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
};

TEST_F(Home, StandsForTheTildeOfPathsAndUris) {
  EXPECT_EQ(expand_home("~/a b", Names::kPath), "/home/miller/a b");
  EXPECT_EQ(expand_home("~", Names::kPath), "/home/miller");
  EXPECT_EQ(expand_home("file://~/q", Names::kUri), "file:///home/miller/q");
  EXPECT_EQ(expand_home("ipc://~/q", Names::kUri), "ipc:///home/miller/q");
  for (const char* const other : {"", "a/~/b", "./~/b", "/~"}) {
    EXPECT_EQ(expand_home(other, Names::kPath), other);
  }
  EXPECT_EQ(expand_home("tcp://~:5", Names::kUri), "tcp://~:5");
  EXPECT_EQ(expand_home("~/a", Names::kNothing), "~/a");
}

TEST_F(Home, OfAnotherUserIsRefused) {
  EXPECT_EQ(message_of<UsageError>([] {
              (void)default_options({{"data.path", "~bob/x"}});
            }),
            "--data.path=~bob/x: only ~/ is replaced by a home folder, not ~bob; write the path in "
            "full, or ./~bob/x for one in the working directory");
  set(nullptr);
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)expand_home("~/x", Names::kPath); }),
                       "$HOME is not set"));
  set("");
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)expand_home("~/x", Names::kPath); }),
                       "$HOME is not set"));
}

TEST_F(Home, IsFoundInAllKeysThatArePaths) {
  std::set<std::string> paths;
  for (const Key& key : keys()) {
    const auto* const text = std::get_if<StringKind>(&key.kind);
    if (text == nullptr || text->names != Names::kPath) continue;
    paths.insert(key.full_name());
    const Options options = default_options({{key.full_name(), "~/x"}});
    EXPECT_EQ(key.get(options), Value(std::string("/home/miller/x"))) << key.full_name();
  }
  EXPECT_EQ(paths,
            (std::set<std::string>{"data.path", "data.tokenizer", "data.vocabulary", "data.cache",
                                   "data.shards", "provider.name", "annotate.python",
                                   "annotate.spacy_model", "annotate.keybert_model",
                                   "queue.key_file", "queue.allowed_keys", "train.out_dir"}));
  EXPECT_EQ(default_options({{"queue.uri", "file://~/q"}}).queue.uri, "file:///home/miller/q");
}

TEST_F(Home, IsFoundInRecipesTheirIncludesAndTheirDatasets) {
  testing::TemporaryFolder folder;
  set(folder.path().c_str());
  std::ofstream(folder / "base.toml") << "[train]\nout_dir = \"~/out\"\n";
  const std::string path = (folder / "r.toml").string();
  std::ofstream(path) << "include = \"~/base.toml\"\n[data]\n"
                         "datasets = [{name = \"a\", path = \"~/a.txt\"}]\n";
  const Options options = load_recipe(path);
  EXPECT_EQ(options.train.out_dir, (folder / "out").string());
  EXPECT_EQ(options.data.datasets.front().path, (folder / "a.txt").string());
  std::ofstream(path) << "[data]\npath = \"~bob/x\"\n";
  EXPECT_TRUE(contains(message_of<UsageError>([&] { (void)load_recipe(path); }),
                       "r.toml:2: data.path = '~bob/x': only ~/ is replaced"));
}

}  // namespace
}  // namespace millrace::config
