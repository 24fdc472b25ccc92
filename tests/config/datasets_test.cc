// data.datasets and data.dataset: reading, refusals, writing, selection.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/app/command_line.h"
#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/output_folder.h"
#include "config/per_dataset.h"
#include "config/recipe.h"
#include "config/stream_settings.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::config {
namespace {

using testing::contains;
using testing::message_of;

const std::string kThree = R"(
[[data.datasets]]
name = "plays"
path = "plays.txt"
description = "All of them."

[[data.datasets]]
name = "letters"
path = "letters.csv"
format = "csv"
column = "text"
max_chars = 1_000_000
weights = [[0, 2], [4096, 0.5]]

[[data.datasets]]
name = "notes"
path = "notes.jsonl"
enabled = false
weights = 3
)";

class Datasets : public ::testing::Test {
 protected:
  Options load(const std::string& text, const std::vector<Override>& overrides = {}) {
    std::ofstream(path()) << text;
    return load_recipe(path(), overrides);
  }
  std::string refusal(const std::string& text, const std::vector<Override>& overrides = {}) {
    return message_of<UsageError>([&] { (void)load(text, overrides); });
  }

 private:
  std::string path() { return (folder_ / "r.toml").string(); }
  testing::TemporaryFolder folder_;
};

std::string one(const std::string& lines) {
  return "[[data.datasets]]\nname = \"a\"\npath = \"a.txt\"\n" + lines;
}

TEST_F(Datasets, AreRead) {
  const std::vector<DatasetOptions> datasets = load(kThree).data.datasets;
  ASSERT_EQ(datasets.size(), 3u);
  EXPECT_EQ(datasets[0],
            (DatasetOptions{.name = "plays", .path = "plays.txt", .description = "All of them."}));
  EXPECT_EQ(datasets[0].weights, (std::vector<WeightPoint>{{0, 1.0}}));
  EXPECT_EQ(datasets[1], (DatasetOptions{.name = "letters",
                                         .path = "letters.csv",
                                         .format = "csv",
                                         .column = "text",
                                         .max_chars = 1'000'000,
                                         .weights = {{0, 2.0}, {4096, 0.5}}}));
  EXPECT_FALSE(datasets[2].enabled);
  EXPECT_EQ(datasets[2].weights, (std::vector<WeightPoint>{{0, 3.0}}));
}

TEST_F(Datasets, AreWrittenAndReadBack) {
  const Options options = load(kThree, {{"dataset", "notes"}});
  const Options back = load(to_toml(options));
  EXPECT_EQ(back.data.datasets, options.data.datasets);
  EXPECT_TRUE(differences(options, back).empty());
  EXPECT_TRUE(contains(to_toml(options),
                       R"({name = "plays", path = "plays.txt", description = "All of them."})"));
  EXPECT_TRUE(contains(to_toml(options), "weights = [[0, 2.0], [4096, 0.5]]"));
  EXPECT_TRUE(
      contains(to_toml(options), R"(path = "notes.jsonl", enabled = false, weights = 3.0})"));
}

TEST_F(Datasets, MayBeGivenOnTheCommandLine) {
  const Options options =
      load("", {{"data.datasets",
                 R"([{name = "a", path = "a.txt"}, {name = "b", path = "b.txt", weights = 2}])"}});
  ASSERT_EQ(options.data.datasets.size(), 2u);
  EXPECT_EQ(options.data.datasets[1].weights[0].weight, 2.0);
  EXPECT_TRUE(
      contains(refusal("", {{"datasets", "3"}}), "--datasets=3: expected an array of tables"));
  EXPECT_TRUE(contains(refusal("", {{"datasets", "[{name = \"a\"}]"}}), "a dataset needs path"));
}

TEST_F(Datasets, RefuseWhatTheyCannotBe) {
  EXPECT_TRUE(contains(refusal(one("weight = 1")),
                       "r.toml:4: a dataset has no key 'weight'; did you mean 'weights'?"));
  EXPECT_TRUE(contains(refusal("[[data.datasets]]\nname = \"a\"\n"),
                       "data.datasets: a dataset needs path"));
  EXPECT_TRUE(contains(refusal(one("enabled = 1")), "enabled = 1: expected true or false"));
  EXPECT_TRUE(contains(refusal(one("format = \"xml\"")), "format = 'xml'"));
  EXPECT_TRUE(contains(refusal(one("max_chars = -1")), "max_chars = -1: expected a whole number"));
  for (const std::string weights :
       {"-1", "1e-7", "1e7", "nan", "\"much\"", "[]", "[1, 2]", "[[0, 1], [0, 2]]",
        "[[5, 1], [4, 2]]", "[[-1, 1]]", "[[0.5, 1]]", "[[0, 1, 2]]", "[[0, \"1\"]]"}) {
    EXPECT_TRUE(contains(refusal(one("weights = " + weights)),
                         "expected a number, 0 or from 1e-06 to 1e+06, or points"))
        << weights << ": " << refusal(one("weights = " + weights));
  }
  EXPECT_TRUE(
      contains(refusal("[data]\ndatasets = [3]\n"), "datasets = 3: expected an array of tables"));
}

TEST_F(Datasets, HaveNamesThatAFolderMayHave) {
  const std::vector<std::string> wrong = {"../up", "a/b", ".hidden",
                                          "a b",   "ä",   std::string(65, 'a')};
  for (const std::string& name : wrong) {
    EXPECT_TRUE(contains(refusal("[[data.datasets]]\nname = \"" + name + "\"\npath = \"a\"\n"),
                         "expected up to 64 letters"))
        << name;
  }
  EXPECT_TRUE(contains(refusal(one("") + one("")), "two are called 'a'"));
}

TEST_F(Datasets, AreInsteadOfOnePath) {
  EXPECT_TRUE(contains(refusal(kThree, {{"data.path", "x.txt"}}),
                       "data.path = \"x.txt\" is of one dataset"));
  EXPECT_TRUE(contains(refusal(kThree, {{"data.format", "text8"}}),
                       "data.format = \"text8\" is of one dataset"));
  EXPECT_TRUE(
      contains(refusal(kThree, {{"data.column", "x"}}), "data.column = \"x\" is of one dataset"));
  EXPECT_TRUE(contains(refusal(one("format = \"markov\"\n")), "the format of 'a' is \"markov\""));
}

std::vector<std::string> names(const Options& options) {
  std::vector<std::string> names;
  for (const DatasetOptions& dataset : selected_datasets(options.data)) {
    names.push_back(dataset.name);
  }
  return names;
}

TEST_F(Datasets, AreSelectedWhereTheyAreEnabledOrNamed) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(load(kThree)), (Names{"plays", "letters"}));
  EXPECT_EQ(names(load(kThree, {{"dataset", "letters"}})), Names{"letters"});
  // By name, enabled or not.
  EXPECT_EQ(names(load(kThree, {{"data.dataset", "notes"}})), Names{"notes"});
  EXPECT_EQ(names(Options{}), Names{});
  EXPECT_TRUE(contains(refusal(kThree, {{"dataset", "leters"}}),
                       "data.dataset = \"leters\" is none of the recipe's (plays, letters, notes); "
                       "did you mean 'letters'?"));
  EXPECT_TRUE(contains(refusal("", {{"dataset", "a"}}), "the recipe has no data.datasets"));
  EXPECT_TRUE(contains(refusal(one("enabled = false")), "none is enabled"));
}

TEST_F(Datasets, HaveABoundedNumberOfPoints) {
  std::string points;
  for (int i = 0; i < 513; ++i) points += "[" + std::to_string(i) + ", 1], ";
  EXPECT_TRUE(contains(refusal(one("weights = [" + points + "]")), "513 points; at most 512"));
}

// The weights are a setting of the stream if several datasets are mixed. Names, paths, descriptions
// and disabled datasets are not.
TEST_F(Datasets, AreSettingsByTheirWeightsAlone) {
  const auto settings = [&](const std::string& text, const std::vector<Override>& overrides = {}) {
    return stream_settings(load(text, overrides));
  };
  EXPECT_EQ(settings(kThree, {{"dataset", "plays"}}), settings(""));
  EXPECT_EQ(settings(kThree).at("datasets"), "1;0:2,4096:0.5");
  EXPECT_EQ(settings(kThree, {{"provider.name", "tokens"}}).at("datasets"), "1;0:2,4096:0.5");
  EXPECT_FALSE(settings(kThree, {{"provider.name", "synthetic"}}).contains("datasets"));
  const std::string two = one("") + "[[data.datasets]]\nname = \"b\"\npath = \"b.txt\"\n";
  EXPECT_EQ(settings(two).at("datasets"), "1;1");
  EXPECT_TRUE(settings(two + "format = \"text8\"\n").contains("val_fraction"));
  EXPECT_FALSE(settings(one("format = \"text8\"")).contains("val_fraction"));
}

TEST_F(Datasets, AreTrainedOneByOneInFoldersOfTheirOwn) {
  const auto each =
      per_dataset(load(kThree, {{"out_dir", "out/run/"}, {"queue.uri", "file://streams/run"}}));
  ASSERT_EQ(each.size(), 2u);
  EXPECT_EQ(names(each[0]), std::vector<std::string>{"plays"});
  EXPECT_EQ(names(each[1]), std::vector<std::string>{"letters"});
  EXPECT_EQ(each[1].train.out_dir, "out/run/letters");
  EXPECT_EQ(each[1].queue.uri, "file://streams/run/letters");
  EXPECT_EQ(per_dataset(load(kThree, {{"queue.uri", "tcp://127.0.0.1:5555"}}))[0].queue.uri,
            "tcp://127.0.0.1:5555");
  EXPECT_EQ(per_dataset(load(kThree, {{"dataset", "notes"}})).size(), 1u);
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)per_dataset(Options{}); }), "--all"));
  EXPECT_EQ(joined_names(load(kThree).data), "plays+letters");
  EXPECT_EQ(joined_names(Options{}.data), "");
}

TEST_F(Datasets, OfTheCommandLineMayBeNamedLikeAFlag) {
  const Program program{.name = "train", .usage = "CONFIG", .about = "", .flags = {}};
  const std::vector<const char*> words = {"train", "--dataset", "plays", "r.toml"};
  const Arguments arguments = parse(program, static_cast<int>(words.size()), words.data());
  EXPECT_EQ(arguments.positional, std::vector<std::string>{"r.toml"});
  ASSERT_EQ(arguments.overrides.size(), 1u);
  EXPECT_EQ(arguments.overrides[0].key, "dataset");
  EXPECT_EQ(arguments.overrides[0].value, "plays");
}

TEST(RefuseInDataset, RefusesWhatTheDatasetWouldTakeForItsOwn) {
  namespace fs = std::filesystem;
  const testing::TemporaryFolder folder;
  fs::create_directories(folder / "d/more");
  fs::create_directory_symlink(folder / "d", folder / "link");
  std::ofstream(folder / "d/a.txt") << "a";
  DataOptions data;
  const auto refused = [&](const fs::path& path) {
    return message_of<UsageError>([&] { refuse_in_dataset(data, path, "--out"); }) !=
           "(nothing was thrown)";
  };
  EXPECT_FALSE(refused(folder / "d/out")) << "no dataset";
  data.path = (folder / "d").string();
  for (const char* const inside : {"d", "d/", "d/out", "d/more/new/out", "link/out", "e/../d"}) {
    EXPECT_TRUE(refused(folder / inside)) << inside;
  }
  for (const char* const outside : {"", "dd", "e/out", "d/../out", "d/.out", "d/more/.x/out"}) {
    EXPECT_FALSE(refused(folder / outside)) << outside;
  }
  EXPECT_TRUE(
      contains(message_of<UsageError>([&] { refuse_in_dataset(data, folder / "d/out", "--out"); }),
               "d/out lies in the dataset"));
  data.path = (folder / "d/a.txt").string();
  EXPECT_FALSE(refused(folder / "d/out")) << "a file";
  data.path.reset();
  data.datasets = {{.name = "d", .path = (folder / "d").string()}};
  EXPECT_TRUE(refused(folder / "d/out"));
}

}  // namespace
}  // namespace millrace::config
