// Recipes: reading, includes, overrides, refusals, writing.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "config/code_name.h"
#include "config/errors.h"
#include "config/keys.h"
#include "config/recipe.h"
#include "config/settings.h"
#include "config/sizes.h"
#include "config/stream_settings.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::config {
namespace {

using testing::contains;
using testing::message_of;

class Recipe : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

  // Writes a file and returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

  // The message that loading `text` as r.toml gives, without the folder's name.
  std::string refusal(const std::string& text, const std::vector<Override>& overrides = {}) {
    const std::string file = write("r.toml", text);
    std::string message = message_of<UsageError>([&] { (void)load_recipe(file, overrides); });
    if (message.starts_with(file)) message.erase(0, file.size() - std::string("r.toml").size());
    return message;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Recipe, SetsWhatItSaysAndLeavesTheRest) {
  const Options options = load_recipe(write("r.toml", R"(
[data]
path = "a b.txt"
[provider]
schedule = "mix"
stages = [{type = "random", max_masked_ratio = 1, val_loss_stale_count = 7}, {type = "span", spans_count = 20}]
[train]
batch_size = 3
learning_rate = 1
)"));
  EXPECT_EQ(options.data.path, "a b.txt");
  ASSERT_EQ(options.provider.stages.size(), 2u);
  EXPECT_EQ(options.provider.stages[0].max_masked_ratio, 1.0);
  EXPECT_EQ(options.provider.stages[0].val_loss_stale_count, 7u);
  EXPECT_EQ(options.provider.stages[1].spans_count, 20u);
  EXPECT_EQ(options.train.batch_size, 3u);
  EXPECT_EQ(options.train.learning_rate, 1.0);
  EXPECT_EQ(options.train.max_iters, TrainOptions{}.max_iters);
}

TEST_F(Recipe, NamesFileLineAndNearestKey) {
  EXPECT_EQ(refusal("[train]\n\nbatchsize = 4\n"),
            "r.toml:3: unknown key 'train.batchsize'; did you mean 'train.batch_size'?");
  EXPECT_EQ(refusal("[train]\nblock_size = 4\n"),
            "r.toml:2: unknown key 'train.block_size'; did you mean 'provider.block_size'?");
  EXPECT_EQ(refusal("\n[trian]\n"), "r.toml:2: unknown section 'trian'; did you mean 'train'?");
  EXPECT_EQ(refusal("seed = 4\n"),
            "r.toml:1: key 'seed' stands in no section; did you mean 'train.seed'?");
}

TEST_F(Recipe, RefusesWrongTypesAndRanges) {
  EXPECT_EQ(refusal("[train]\nbatch_size = 4.0\n"),
            "r.toml:2: train.batch_size = 4.0: expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal("[train]\nbatch_size = \"4\"\n"),
            "r.toml:2: train.batch_size = '4': expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal("[train]\nbatch_size = -4\n"),
            "r.toml:2: train.batch_size = -4: expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal("[train]\nbatch_size = 65537\n"),
            "r.toml:2: train.batch_size = 65537: expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal("[model]\ndropout = nan\n"),
            "r.toml:2: model.dropout = nan: expected a number from 0 to below 1");
  EXPECT_EQ(refusal("[model]\ndropout = [1]\n"),
            "r.toml:2: model.dropout = an array: expected a number from 0 to below 1");
  EXPECT_EQ(refusal("[train]\ndevice = \"gpu\"\n"),
            "r.toml:2: train.device = 'gpu': expected one of auto, cpu, cuda");
  EXPECT_EQ(refusal("[train]\nout_dir = \"\"\n"),
            "r.toml:2: train.out_dir = '': expected a text that is not empty");
  EXPECT_EQ(refusal("[queue]\ninsecure = 1\n"),
            "r.toml:2: queue.insecure = 1: expected true or false");
}

TEST_F(Recipe, RefusesWhatIsNotToml) {
  EXPECT_TRUE(contains(refusal("[train]\nbatch_size = \n"), "r.toml:2: not TOML: "));
  EXPECT_TRUE(contains(refusal("[train]\nseed = 1\nseed = 2\n"), "r.toml:3: not TOML: "));
  EXPECT_TRUE(contains(refusal("\xff\xfe"), "not TOML: "));
}

TEST_F(Recipe, RefusesAFileThatIsNotThere) {
  const auto loading = [&](const std::string& name) {
    return message_of<UsageError>([&] { (void)load_recipe(path(name)); });
  };
  EXPECT_TRUE(contains(loading("none.toml"),
                       "none.toml: cannot read the recipe: No such file or directory"));
  EXPECT_TRUE(contains(loading(""), "cannot read the recipe: it is a folder"));
}

TEST_F(Recipe, IncludesAFileBesideItself) {
  (void)write("parts/base.toml",
              "[train]\nbatch_size = 3\nmax_iters = 7\n[provider]\nvalidation_stages = [{type = "
              "\"span\", spans_count = 1}]\n");
  (void)write("parts/middle.toml", "include = \"base.toml\"\n[train]\nmax_iters = 8\n");
  const Options options = load_recipe(
      write("r.toml", "include = \"parts/middle.toml\"\n[provider]\nvalidation_stages = []\n"));
  EXPECT_EQ(options.train.batch_size, 3u);
  EXPECT_EQ(options.train.max_iters, 8u);
  EXPECT_TRUE(options.provider.validation_stages.empty());  // arrays are replaced
}

TEST_F(Recipe, IncludesTheFileThatTheSystemMeansBehindALink) {
  (void)write("base.toml", "[train]\nbatch_size = 3\n");
  (void)write("elsewhere/base.toml", "[train]\nbatch_size = 5\n");
  (void)write("elsewhere/deep/x.toml", "");
  std::filesystem::create_symlink("elsewhere/deep", path("link"));
  EXPECT_EQ(load_recipe(write("r.toml", "include = \"link/../base.toml\"\n")).train.batch_size, 5u);
}

TEST_F(Recipe, RefusesWhatIsTooBigOrTooDeepForARecipe) {
  std::string deep = "\n[a";
  for (int i = 0; i < 50'000; ++i) deep += ".a";
  EXPECT_TRUE(contains(refusal(deep + "]\n"), "r.toml:2: not TOML that a recipe has"));
  // Keys of fewer dots, each in the table that the one before it names.
  std::string nested = "\n[train]\nx = ";
  for (int i = 0; i < 120; ++i) nested += "[\n{" + deep.substr(2, 2 * 900) + "a = ";
  EXPECT_TRUE(contains(refusal(nested), "not TOML that a recipe has: more than 20000 dots"));
  EXPECT_TRUE(contains(refusal("", {{"data.datasets", "[{" + deep.substr(2) + " = 1}]"}}),
                       "not TOML that a recipe has: more than 1000 dots in a line"));
  EXPECT_TRUE(contains(refusal(std::string(std::size_t{2} << 20, '#')), "more than 1 MiB"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)load_recipe("/dev/zero"); }),
                       "/dev/zero: cannot read the recipe: it has more than 1 MiB"));
}

TEST_F(Recipe, NamesTheIncludedFileInErrors) {
  const std::string base = write("parts/base.toml", "[train]\nbatch_size = 0\n");
  EXPECT_TRUE(
      contains(refusal("include = \"parts/base.toml\"\n"), base + ":2: train.batch_size = 0"));
}

TEST_F(Recipe, RefusesIncludesThatLeadNowhereOrBack) {
  EXPECT_TRUE(contains(refusal("include = \"none.toml\"\n"), "r.toml:1: include = "));
  EXPECT_TRUE(contains(refusal("include = \"none.toml\"\n"), "there is no such file"));
  EXPECT_TRUE(contains(refusal("include = \"./r.toml\"\n"), "the file includes itself"));
  EXPECT_TRUE(contains(refusal("include = 3\n"), "r.toml:1: include = 3: expected a text"));
  (void)write("20.toml", "");
  for (int i = 0; i < 20; ++i) {
    (void)write(std::to_string(i) + ".toml", "include = \"" + std::to_string(i + 1) + ".toml\"\n");
  }
  EXPECT_TRUE(contains(refusal("include = \"0.toml\"\n"), "includes nest deeper than 8"));
}

TEST_F(Recipe, IncludesNoDeviceAndNoPipe) {
  EXPECT_TRUE(contains(refusal("include = \"/dev/zero\"\n"),
                       "r.toml:1: include = \"/dev/zero\": it is a pipe or a device, not a file"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);  // nobody writes into it
  EXPECT_TRUE(contains(refusal("include = \"pipe\"\n"), "it is a pipe or a device, not a file"));
  EXPECT_TRUE(contains(refusal("include = \".\"\n"), "it is a folder"));
}

TEST_F(Recipe, RemembersWhatOnlyACheckpointSays) {
  const std::string theirs = write("step/config.toml", "[provider]\nname = \"./a.so\"\n");
  const auto said = [](const Options& options) { return options.said_by_checkpoint; };
  EXPECT_TRUE(said(load_recipe(theirs)).empty());  // it lies in no checkpoint
  (void)write("step/trainer.json", "{}");
  const std::set<std::string, std::less<>> name{"provider.name"};
  EXPECT_EQ(said(load_recipe(theirs)), name);
  EXPECT_TRUE(said(load_recipe(theirs, {{"provider.name", "./a.so"}})).empty());
  std::filesystem::create_symlink(theirs, path("link.toml"));
  EXPECT_EQ(said(load_recipe(path("link.toml"))), name);
  const std::string include = "include = \"step/config.toml\"\n";
  EXPECT_EQ(said(load_recipe(write("r.toml", include))), name);
  EXPECT_TRUE(
      said(load_recipe(write("r.toml", include + "[provider]\nname = \"./a.so\"\n"))).empty());
  // What a checkpoint's recipe includes is the checkpoint's word too.
  (void)write("step/part.toml", "[annotate]\npython = \"./python\"\n");
  (void)write("step/config.toml", "include = \"part.toml\"\n");
  EXPECT_TRUE(said(load_recipe(theirs)).contains("annotate.python"));
}

TEST_F(Recipe, ACheckpointsReadsNothingOutsideOfItsFolder) {
  (void)write("step/trainer.json", "{}");
  (void)write("other.toml", "");
  const auto refusal_of = [&](const std::string& text) {
    const std::string file = write("step/config.toml", text);
    return message_of<UsageError>([&] { (void)load_recipe(file); });
  };
  EXPECT_TRUE(contains(refusal_of("include = \"../other.toml\"\n"),
                       "a checkpoint's recipe includes files of its own folder alone"));
  std::filesystem::create_symlink("../other.toml", path("step/link.toml"));
  EXPECT_TRUE(contains(refusal_of("include = \"link.toml\"\n"), "of its own folder alone"));
  std::filesystem::remove(path("step/config.toml"));
  ASSERT_EQ(::mkfifo(path("step/config.toml").c_str(), 0600), 0);
  EXPECT_TRUE(
      contains(message_of<UsageError>([&] { (void)load_recipe(path("step/config.toml")); }),
               "step/config.toml: cannot read the recipe: it is a pipe or a device, not a file"));
}

TEST_F(Recipe, CodeIsNamedByTheUserAlone) {
  (void)write("step/trainer.json", "{}");
  const std::string theirs = write("step/config.toml",
                                   "[provider]\nname = \"./a.so\"\n"
                                   "[annotate]\npython = \"python3\"\nspacy_model = \"./m\"\n");
  const auto refused = [&](std::string_view key) {
    return message_of<UsageError>([&] { (void)CodeName(load_recipe(theirs), key); });
  };
  EXPECT_EQ(refused("provider.name"),
            "provider.name = \"./a.so\" is code that a checkpoint names, and code runs only where "
            "your own recipe or the command line names it; if you trust it, add "
            "--provider.name=./a.so");
  EXPECT_TRUE(contains(refused("annotate.spacy_model"), "add --annotate.spacy_model=./m"));
  // A default is nobody's choice.
  EXPECT_EQ(CodeName(load_recipe(theirs), "annotate.python").text(), "python3");
  const Options allowed = load_recipe(theirs, {{"provider.name", "./a.so"}});
  EXPECT_EQ(CodeName(allowed, "provider.name").text(), "./a.so");
}

TEST_F(Recipe, StagesHaveTheKeysOfTheirType) {
  const auto stage = [&](const std::string& text) {
    return refusal("[provider]\nstages = [\n  {" + text + "}]\n");
  };
  EXPECT_EQ(stage("type = \"rnadom\""),
            "r.toml:3: unknown stage type 'rnadom'; known types: random, sticky, span");
  EXPECT_EQ(stage("max_masked_ratio = 0.5"),
            "r.toml:3: provider.stages: a stage has no type; known types: random, sticky, span");
  EXPECT_EQ(stage("type = \"random\""),
            "r.toml:3: a random stage needs max_masked_ratio, a number from 0 to 1");
  EXPECT_EQ(stage("type = \"span\", spans_count = 1, max_masked_ratio = 1"),
            "r.toml:3: a span stage has no key 'max_masked_ratio'");
  EXPECT_EQ(stage("type = \"span\", span_count = 1"),
            "r.toml:3: a span stage has no key 'span_count'; did you mean 'spans_count'?");
  EXPECT_EQ(stage("type = \"span\", spans_count = 0"),
            "r.toml:3: spans_count = 0: expected a whole number from 1 to 65536");
  EXPECT_TRUE(contains(refusal("[provider]\nstages = [1]\n"),
                       "r.toml:2: provider.stages = 1: expected an array of stages"));
}

// A type that config/stages.cc does not list has its numbers in a table.
TEST_F(Recipe, StagesOfOtherTypesHaveSettings) {
  const std::string stages =
      R"(stages = [{type = "suffix", settings = {max_ratio = 0.25, style = "a, \"b\""}, val_loss_stale_count = 3}, {type = "suffix", settings = {}}])";
  const Options options = load_recipe(write("r.toml", "[provider]\n" + stages + "\n"));
  ASSERT_EQ(options.provider.stages.size(), 2u);
  const StageOptions& stage = options.provider.stages.front();
  EXPECT_EQ(stage.settings,
            (SettingTable{{"max_ratio", 0.25}, {"style", std::string("a, \"b\"")}}));
  EXPECT_EQ(stage.val_loss_stale_count, 3u);
  EXPECT_EQ(describe(stage), R"(suffix(max_ratio=0.25,style="a, \"b\""))");
  EXPECT_EQ(describe(options.provider.stages.back()), "suffix()");
  const Options again = load_recipe(write("again.toml", to_toml(options)));
  EXPECT_TRUE(differences(options, again).empty());

  const auto refused = [&](const std::string& text) {
    return refusal("[provider]\nstages = [\n  {" + text + "}]\n");
  };
  EXPECT_EQ(refused("type = \"random\", max_masked_ratio = 1, settings = {}"),
            "r.toml:3: a random stage has no key 'settings'");
  EXPECT_EQ(refused("type = \"suffix\", settings = {}, max_ratio = 1"),
            "r.toml:3: a suffix stage has no key 'max_ratio'");
  EXPECT_EQ(refused("type = \"suffix\", settings = 3"),
            "r.toml:3: settings = 3: expected a table such as {level = 3, style = \"plain\"}");
  EXPECT_TRUE(contains(refused("type = \"suffix\", settings = {a = [1]}"),
                       "r.toml:3: settings.a = an array: expected true or false"));
  // A type's name becomes part of the fingerprint's text, so it may not spell other stages.
  EXPECT_EQ(refused("type = \"a(b=1);c\", settings = {}"),
            "r.toml:3: the stage type 'a(b=1);c': expected up to 64 letters, digits, _ and -");
}

TEST_F(Recipe, ChecksKeysAgainstEachOther) {
  EXPECT_EQ(refusal("[model]\nn_embd = 100\n"),
            "r.toml: model.n_embd = 100 is not a multiple of 2 * model.n_head = 16; the nearest "
            "above is 112");
  for (const std::string schedule : {"mix", "steps", "plateau"}) {
    EXPECT_EQ(refusal("[provider]\nschedule = \"" + schedule + "\"\n"),
              "r.toml: provider.schedule = \"" + schedule +
                  "\" needs at least one entry in provider.stages");
  }
  EXPECT_TRUE(contains(refusal("[train]\nlearning_rate = 1e-5\n"),
                       "train.min_lr = 5e-05 is above train.learning_rate = 1e-05"));
  EXPECT_EQ(
      load_recipe(write("c.toml", "[train]\nlr_schedule = \"constant\"\nlearning_rate = 1e-5\n"))
          .train.lr_schedule,
      "constant");
  EXPECT_TRUE(contains(refusal("[train]\nlr_decay_iters = 10\n"),
                       "train.warmup_iters = 500 is above train.lr_decay_iters = 10"));
  EXPECT_TRUE(
      contains(refusal("[train]\nbatch_size = 65536\ngradient_accumulation_steps = 65536\n"),
               "samples a step; at most"));
  std::string many = "[provider]\nvalidation_stages = [";
  for (int i = 0; i < 256; ++i) many += "{type = \"span\", spans_count = 1},";
  EXPECT_TRUE(contains(refusal(many + "]\n"), "at most 255 stages"));
}

// Stages of one type with these further keys.
std::string scheduled(const std::string& schedule, const std::vector<std::string>& stages,
                      const std::string& more = "") {
  std::string text = "[provider]\nschedule = \"" + schedule + "\"\nstages = [\n";
  for (const std::string& keys : stages) {
    text += "  {type = \"span\", spans_count = 1" + keys + "},\n";
  }
  return text + "]\n" + more;
}

TEST_F(Recipe, StepsAscendFromZero) {
  const auto refused = [&](const std::vector<std::string>& stages) {
    return refusal(scheduled("steps", stages));
  };
  EXPECT_EQ(refused({", from_step = 0", ""}),
            "r.toml: provider.stages, entry 2 of 2: schedule \"steps\" needs from_step: the stage "
            "holds once so many steps are done");
  EXPECT_EQ(refused({", from_step = 3"}),
            "r.toml: provider.stages, entry 1 of 1: from_step = 3; the first stage begins at 0");
  for (const std::string later : {"4", "5"}) {
    EXPECT_EQ(refused({", from_step = 0", ", from_step = 5", ", from_step = " + later}),
              "r.toml: provider.stages, entry 3 of 3: from_step = " + later +
                  " is not above the 5 of the entry before; put the stages in ascending order");
  }
  const Options options =
      load_recipe(write("r.toml", scheduled("steps", {", from_step = 0", ", from_step = 5"})));
  EXPECT_EQ(options.provider.stages[0].from_step, 0u);
  EXPECT_EQ(options.provider.stages[1].from_step, 5u);
}

TEST_F(Recipe, StepsElsewhereAreRefused) {
  EXPECT_EQ(refusal(scheduled("mix", {"", ", from_step = 0"})),
            "r.toml: provider.stages, entry 2 of 2: from_step = 0 is for provider.stages with "
            "schedule \"steps\", and "
            "provider.schedule = \"mix\"; leave it out here");
  const std::string val =
      "validation_stages = [{type = \"span\", spans_count = 1, from_step = 0}]\n";
  EXPECT_TRUE(contains(refusal(scheduled("steps", {", from_step = 0"}, val)),
                       "provider.validation_stages, entry 1 of 1: from_step"));
}

TEST_F(Recipe, PlateauNeedsCountsAndEvaluations) {
  const std::string counted = ", val_loss_stale_count = 2";
  EXPECT_EQ(load_recipe(write("r.toml", scheduled("plateau", {counted, counted, ""})))
                .provider.stages.size(),
            3u);
  EXPECT_EQ(refusal(scheduled("plateau", {counted, "", counted})),
            "r.toml: provider.stages, entry 2 of 3: schedule \"plateau\" needs "
            "val_loss_stale_count, the evaluations without "
            "improvement before it moves on; only the last entry may do without");
  EXPECT_EQ(refusal(scheduled("plateau", {""}, "[train]\nmax_iters = 9\neval_interval = 10\n")),
            "r.toml: provider.schedule = \"plateau\" moves on by val losses, and "
            "train.eval_interval = 10 is above "
            "train.max_iters = 9, so that there would be none; lower train.eval_interval");
  const std::string by_epochs =
      "[train]\nmax_iters = 9\neval_interval = 10\nepoch_eval_interval = 1\n";
  EXPECT_EQ(
      load_recipe(write("r.toml", scheduled("plateau", {""}, by_epochs))).train.epoch_eval_interval,
      1u);
  EXPECT_TRUE(contains(refusal(scheduled("plateau", {", val_loss_stale_count = 0"})),
                       "expected a whole number from 1 to"));
}

TEST(Sizes, NoValSamplesAreNeededWhereTheRunEndsBeforeItsFirstEvaluation) {
  const auto needed = [](std::uint64_t max_iters, std::uint64_t eval_interval,
                         std::uint64_t epoch_eval_interval) {
    Options options;
    options.train.batch_size = 8, options.train.eval_iters = 5;
    options.train.max_iters = max_iters, options.train.eval_interval = eval_interval;
    options.train.epoch_eval_interval = epoch_eval_interval;
    return eval_samples(options);
  };
  EXPECT_EQ(needed(10, 10, 0), 40u);
  EXPECT_EQ(needed(9, 10, 0), 0u);
  EXPECT_EQ(needed(9, 10, 2), 40u) << "an epoch may be done before";
}

TEST_F(Recipe, OverridesComeLast) {
  const std::string file = write("r.toml", "[train]\nbatch_size = 3\n");
  const Options options =
      load_recipe(file, {{"batch_size", "4"},
                         {"train.batch_size", "5"},
                         {"path", "my text.txt"},
                         {"dropout", ".5"},
                         {"weight_decay", "1"},
                         {"queue.insecure", "true"},
                         {"stages", R"([{type="random", max_masked_ratio=0.5}])"},
                         {"schedule", "mix"}});
  EXPECT_EQ(options.train.batch_size, 5u);
  EXPECT_EQ(options.data.path, "my text.txt");
  EXPECT_EQ(options.model.dropout, 0.5);
  EXPECT_EQ(options.train.weight_decay, 1.0);
  EXPECT_TRUE(options.queue.insecure);
  ASSERT_EQ(options.provider.stages.size(), 1u);
  EXPECT_EQ(options.provider.stages[0].type, "random");
}

TEST_F(Recipe, RefusesWrongOverrides) {
  const auto override = [](const std::string& key, const std::string& value) {
    return message_of<UsageError>([&] { (void)default_options({{key, value}}); });
  };
  EXPECT_EQ(override("batchsize", "4"),
            "--batchsize=4: unknown key 'batchsize'; did you mean 'batch_size'?");
  EXPECT_EQ(override("threads", "4"),
            "--threads=4: 'threads' is a key of several sections; write 'producer.threads' or "
            "'train.threads'");
  for (const std::string wrong :
       {"", "4.5", "-1", "+1", " 1", "1 ", "0", "65537", "18446744073709551616", "four"}) {
    EXPECT_EQ(override("batch_size", wrong),
              "--batch_size=" + wrong + ": expected a whole number from 1 to 65536");
  }
  for (const std::string wrong : {"nan", "inf", "1", "-0.1", "0.1x"}) {
    EXPECT_EQ(override("dropout", wrong),
              "--dropout=" + wrong + ": expected a number from 0 to below 1");
  }
  EXPECT_EQ(override("insecure", "yes"), "--insecure=yes: expected true or false");
  EXPECT_TRUE(contains(override("path", "caf\xe9.txt"), "expected UTF-8"));
  EXPECT_TRUE(contains(override("stages", "3"), "--stages=3: expected an array of stages"));
  EXPECT_TRUE(contains(override("stages", "[{]"), "not TOML: "));
  EXPECT_TRUE(contains(override("stages", "[]\nother = 3"), "expected an array of stages"));
}

TEST_F(Recipe, WritesWhatItReads) {
  const Options options = default_options({{"path", "a \"b\"\\\n\tü\x01"},
                                           {"dropout", "0.1"},
                                           {"learning_rate", "0.30000000000000004"},
                                           {"data_seed", "9223372036854775807"},
                                           {"schedule", "steps"},
                                           {"stages", R"([
    {type="sticky", target_masked_ratio=0.4, p1_probability=0, p2_probability=0.3, from_step=0, val_loss_stale_count=6},
    {type="span", spans_count=20, from_step=1000000000000}])"}});
  const Options again = load_recipe(write("r.toml", to_toml(options)));
  EXPECT_TRUE(differences(options, again).empty());
  EXPECT_EQ(to_toml(again), to_toml(options));
}

TEST_F(Recipe, SettingsOfAProviderMerge) {
  (void)write("base.toml",
              "[provider]\nname = \"mine\"\n[provider.settings]\nlevel = 3\nstyle = "
              "\"plain\"\ndeep = false\n");
  const std::string file = write(
      "r.toml", "include = \"base.toml\"\n[provider]\nsettings = {deep = true, share = -0.5}\n");
  const Options options =
      load_recipe(file, {{"provider.settings", "{level = 4}"}, {"settings.style", "very plain"}});
  const SettingTable expected = {{"level", std::int64_t{4}},
                                 {"style", std::string("very plain")},
                                 {"deep", true},
                                 {"share", -0.5}};
  EXPECT_EQ(options.provider.settings, expected);
  const Options again = load_recipe(write("again.toml", to_toml(options)));
  EXPECT_TRUE(differences(options, again).empty());
  EXPECT_EQ(to_toml(again), to_toml(options));
}

TEST_F(Recipe, OneSettingIsTomlOrAText) {
  const auto setting = [](const std::string& text) {
    return default_options({{"provider.name", "mine"}, {"provider.settings.it", text}})
        .provider.settings.at("it");
  };
  EXPECT_EQ(setting("-7"), Setting(std::int64_t{-7}));
  EXPECT_EQ(setting("7.0"), Setting(7.0));
  EXPECT_EQ(setting("true"), Setting(true));
  EXPECT_EQ(setting("\"7\""), Setting(std::string("7")));
  EXPECT_EQ(setting("plain"), Setting(std::string("plain")));
  EXPECT_EQ(setting(""), Setting(std::string()));
}

TEST_F(Recipe, ProvidersAskForSettings) {
  const Options options = default_options(
      {{"provider.name", "mine"}, {"settings", R"({level = 3, style = "plain", deep = true})"}});
  EXPECT_EQ(setting(options, "level", std::int64_t{1}), 3);
  EXPECT_EQ(setting(options, "level", 1.5), 3.0);
  EXPECT_EQ(setting(options, "share", 1.5), 1.5);
  EXPECT_EQ(setting(options, "style", std::string()), "plain");
  EXPECT_TRUE(setting(options, "deep", false));
  EXPECT_EQ(message_of<UsageError>([&] { (void)setting(options, "style", 1.5); }),
            "provider.settings.style = \"plain\": expected a number");
  EXPECT_NO_THROW(check_settings(options, {"deep", "level", "style"}));
  EXPECT_EQ(message_of<UsageError>([&] {
              check_settings(options, {"deep", "levels", "style"});
            }),
            "provider.settings.level: the provider has no such setting; it has deep, levels, "
            "style; did you mean 'levels'?");
}

TEST_F(Recipe, RefusesSettingsThatNobodyCanUse) {
  EXPECT_EQ(refusal("[provider]\nsettings = {level = 3}\n"),
            "r.toml: provider.settings = {level = 3} is for providers that are not built in, and "
            "char_diffusion is; it has keys of "
            "its own (--help-keys)");
  const auto settings = [&](const std::string& text) {
    return refusal("[provider]\nname = \"mine\"\nsettings = " + text + "\n");
  };
  EXPECT_EQ(
      settings("3"),
      R"(r.toml:3: provider.settings = 3: expected a table such as {level = 3, style = "plain"})");
  EXPECT_EQ(settings("{level = [3]}"),
            "r.toml:3: provider.settings.level = an array: expected true or false, a whole number, "
            "a finite number or a text of one "
            "line");
  EXPECT_TRUE(contains(settings("{level = inf}"),
                       "level = inf: expected true or false, a whole number, a finite number"));
  EXPECT_TRUE(contains(settings(R"({style = "a\nb"})"), R"(style = "a\nb": expected)"));
  EXPECT_TRUE(contains(settings("{block_size = 3}"), "the name 'block_size' is taken"));
  EXPECT_TRUE(contains(settings("{\"a=b\" = 3}"),
                       "the name \"a=b\": expected up to 64 letters, digits, _ and -"));
  EXPECT_TRUE(contains(message_of<UsageError>([] {
                         (void)default_options({{"settings.a b", "3"}});
                       }),
                       "--settings.a b=3: the name \"a b\": expected"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i == 0 ? "s" : ", s") + std::to_string(i) + " = 1";
  EXPECT_TRUE(contains(settings("{" + many + "}"), "65 settings; a provider has at most 64"));
}

TEST_F(Recipe, AnUnsetPathStaysUnset) {
  const Options again = load_recipe(write("r.toml", to_toml(Options{})));
  EXPECT_FALSE(again.data.path.has_value());
}

TEST(Differences, ShowBothValuesAsToml) {
  Options there;
  there.train.min_lr = 1;
  there.data.path = "x";
  const std::vector<KeyDifference> found = differences(Options{}, there);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].key, "data.path");
  EXPECT_EQ(found[0].here, "(unset)");
  EXPECT_EQ(found[0].there, "\"x\"");
  EXPECT_EQ(found[1].here, "5e-05");
  EXPECT_EQ(found[1].there, "1.0");
  EXPECT_EQ(found[1].shapes, Shapes::kOptimizer);
}

}  // namespace
}  // namespace millrace::config
