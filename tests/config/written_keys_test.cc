// Keys without an effect: the conditions of the key table over all combinations, and what is warned
// of.
#include "config/written_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "config/recipe.h"
#include "config/stream_keys.h"
#include "tests/support/temporary_folder.h"

namespace millrace::config {
namespace {

namespace fs = std::filesystem;

using Clauses = std::vector<std::string>;

// The keys that have an effect in every recipe. A new key stands here or has a condition.
const std::set<std::string> kAlways = {"data.data_seed",
                                       "provider.name",
                                       "producer.threads",
                                       "queue.uri",
                                       "queue.window_batches",
                                       "queue.window_bytes",
                                       "watch.address",
                                       "model.architecture",
                                       "model.n_layer",
                                       "model.n_head",
                                       "model.n_embd",
                                       "model.dropout",
                                       "train.objective",
                                       "train.seed",
                                       "train.device",
                                       "train.dtype",
                                       "train.batch_size",
                                       "train.gradient_accumulation_steps",
                                       "train.max_iters",
                                       "train.max_epochs",
                                       "train.learning_rate",
                                       "train.lr_schedule",
                                       "train.optimizer",
                                       "train.weight_decay",
                                       "train.beta1",
                                       "train.beta2",
                                       "train.grad_clip",
                                       "train.ema",
                                       "train.max_bad_steps",
                                       "train.eval_interval",
                                       "train.epoch_eval_interval",
                                       "train.eval_iters",
                                       "train.log_interval",
                                       "train.checkpoint_interval",
                                       "train.keep_checkpoints",
                                       "train.epoch_checkpoint_interval",
                                       "train.out_dir",
                                       "train.threads",
                                       "train.cuda_graphs",
                                       "train.timeout_s"};

// Calls `see` with every combination of the keys that decide.
void for_all_combinations(const std::function<void(const Options&)>& see) {
  std::vector<std::string> providers = {"mine", "./libmine.so"};
  for (const std::string_view name : built_in_providers()) providers.emplace_back(name);
  Options options;
  const auto vary = [&](auto& member, std::initializer_list<const char*> values,
                        const std::function<void()>& inner) {
    for (const char* const value : values) {
      member = value;
      inner();
    }
  };
  const auto rest = [&] {
    see(options);
    Options other = options;
    other.data.vocabulary = "v.json", other.data.tokenizer = "t.json";
    other.data.test_fraction = 0.1;
    other.provider.stages = other.provider.validation_stages = {
        StageOptions{.type = "span", .from_step = {}, .val_loss_stale_count = {}}};
    other.provider.source = "random", other.provider.graph = "uniform";
    other.provider.schedule = "mix", other.provider.fragment_weight = 1;
    other.annotate.scorer = "python", other.model.time_conditioning = false;
    other.watch.address = "127.0.0.1:0";
    see(other);
    other.annotate.selection = "keybert_no_stopword";
    other.data.path = "a.csv.gz";
    other.data.datasets = {{.name = "a", .path = "a.bin"}, {.name = "b", .path = "b.JSONL"}};
    see(other);
  };
  for (const std::string& provider : providers) {
    options.provider.name = provider;
    vary(options.model.architecture, {"bidirectional", "dit", "gpt2", "mine"}, [&] {
      vary(options.train.objective, {"mlm", "sedd", "mdlm", "d3pm_absorb", "cascade", "ar", "mine"},
           [&] {
             vary(options.provider.noise, {"loglinear", "geometric"}, [&] {
               vary(options.data.format,
                    {"auto", "text", "csv", "jsonl", "text8", "tokens", "token_folder", "markov"},
                    [&] {
                      vary(options.train.lr_schedule, {"cosine", "warmup_constant", "constant"},
                           [&] {
                             vary(options.queue.uri,
                                  {"inproc://", "file://q", "tcp://127.0.0.1:5", "ipc://q"}, rest);
                           });
                    });
             });
           });
    });
  }
}

TEST(KeyConditions, AreThereForEveryKeyThatIsNotAlwaysEffective) {
  for (const Key& key : keys()) {
    EXPECT_EQ(key.conditions.empty(), kAlways.contains(key.full_name())) << key.full_name();
    for (const Condition& condition : key.conditions) {
      EXPECT_FALSE(condition.is_for.empty()) << key.full_name();
      EXPECT_FALSE(condition.decided_by.empty()) << key.full_name();
      for (const std::string_view name : condition.decided_by) {
        EXPECT_NE(find_key(name), nullptr) << key.full_name() << ": " << name;
      }
    }
  }
}

TEST(KeyConditions, HoldInSomeCombinationsAndNotInOthersAndCoverTheStreamsSettings) {
  std::map<std::string, std::pair<bool, bool>> seen;
  std::vector<const Key*> conditional;
  for (const Key& key : keys()) {
    if (!key.conditions.empty()) conditional.push_back(&key);
  }
  std::uint64_t combinations = 0;
  std::set<std::string> uncovered;
  for_all_combinations([&](const Options& options) {
    ++combinations;
    for (const Key* const key : conditional) {
      const bool applies = key->applies(options);
      auto& [holds, holds_not] = seen[key->full_name()];
      (applies ? holds : holds_not) = true;
      if (!applies && key->counts != nullptr && key->counts(options)) {
        uncovered.insert(key->full_name());
      }
    }
  });
  EXPECT_EQ(combinations, 10u * 4 * 7 * 2 * 8 * 3 * 4 * 3);
  EXPECT_EQ(uncovered, std::set<std::string>{}) << "they change a stream in which they do nothing";
  for (const Key* const key : conditional) {
    EXPECT_TRUE(seen[key->full_name()].first) << key->full_name() << " never has an effect";
    EXPECT_TRUE(seen[key->full_name()].second) << key->full_name() << " always has an effect";
  }
}

class WithoutEffect : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  Clauses of(const std::string& text, const std::vector<Override>& overrides = {},
             RecipeUse use = RecipeUse::kStream) const {
    return keys_without_effect(write("r.toml", text), overrides, use);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(WithoutEffect, IsWarnedOfWithWhatTheKeyIsForAndWhatThereIs) {
  EXPECT_EQ(
      of("[data]\npath = \"a.txt\"\nformat = \"text\"\ncolumn = \"x\"\n"),
      Clauses{
          "data.column is for csv and jsonl, and data.format is \"text\", data.path is \"a.txt\""});
  EXPECT_EQ(of("[model]\narchitecture = \"dit\"\nbias = true\n"),
            Clauses{"model.bias is for gpt2, and model.architecture is \"dit\""});
  EXPECT_EQ(of("", {{"provider.name", "cascade"}, {"graph", "uniform"}}),
            Clauses{"provider.graph is for sedd, and provider.name is \"cascade\""});
  EXPECT_EQ(of("[data]\nunknown = \"drop\"\n"),
            Clauses{"data.unknown is for texts with a data.vocabulary, and "
                    "data.vocabulary is \"\""});
}

// Each alone in a recipe for which it is not, and the same where it has an effect.
TEST_F(WithoutEffect, DependsOnTheRestOfTheRecipe) {
  using Overrides = std::vector<Override>;
  const std::string stages = R"([{type = "span", spans_count = 1}])";
  const struct {
    Override key;
    Overrides idle;
    Overrides used;
  } cases[] = {
      {{"data.path", "a.txt"}, {{"provider.name", "synthetic"}}, {}},
      {{"column", "x"}, {{"data.path", "a.txt"}}, {{"data.path", "a.CSV.gz"}}},
      {{"column", "x"}, {}, {{"data.path", "."}}},
      {{"missing", "skip"}, {{"data.path", "a.csv"}}, {{"data.path", "a.jsonl.zst"}}},
      {{"unknown", "drop"}, {}, {{"vocabulary", "v.json"}}},
      {{"data.vocab_size", "9"}, {{"data.format", "text"}}, {{"data.path", "a.bin"}}},
      {{"val_fraction", "0.2"}, {{"data.format", "text8"}}, {}},
      {{"order", "shuffle"}, {{"provider.name", "synthetic"}}, {{"provider.name", "cascade"}}},
      {{"align", "any"}, {{"provider.name", "cascade"}}, {}},
      {{"tokenizer", "t"}, {{"data.format", "markov"}}, {}},
      {{"shards", "s"}, {}, {{"provider.name", "cascade"}}},
      {{"mask_probability", "0.2"},
       {{"schedule", "mix"}, {"stages", stages}, {"validation_stages", stages}},
       {{"schedule", "mix"}, {"stages", stages}}},
      {{"stages", stages}, {}, {{"schedule", "mix"}}},
      {{"block_size", "64"}, {{"provider.name", "cascade"}}, {}},
      {{"sigma_max", "9"},
       {{"provider.name", "sedd"}},
       {{"provider.name", "sedd"}, {"noise", "geometric"}}},
      {{"timesteps", "9"}, {{"provider.name", "sedd"}}, {{"provider.name", "d3pm"}}},
      {{"annotate.scorer", "python"}, {}, {{"provider.name", "cascade"}}},
      {{"spacy_model", "m"},
       {{"provider.name", "cascade"}},
       {{"provider.name", "cascade"}, {"scorer", "python"}}},
      {{"late_s", "9"}, {{"queue.uri", "file://q"}}, {{"queue.uri", "ipc://q"}}},
      {{"advertise", "a"}, {{"queue.uri", "ipc://q"}}, {{"queue.uri", "tcp://127.0.0.1:5"}}},
      {{"rank_hosts", "a"}, {{"queue.uri", "ipc://q"}}, {{"queue.uri", "tcp://127.0.0.1:5"}}},
      {{"exposed", "true"}, {}, {{"watch.address", "127.0.0.1:0"}}},
      {{"cond_dim", "8"}, {{"provider.name", "tokens"}}, {{"architecture", "dit"}}},
      {{"cond_dim", "8"}, {{"architecture", "gpt2"}}, {{"provider.name", "masked"}}},
      {{"time_conditioning", "false"}, {}, {{"provider.name", "sedd"}}},
      {{"scale_by_sigma", "false"}, {}, {{"objective", "sedd"}}},
      {{"ce_weight", "1"}, {}, {{"objective", "d3pm_absorb"}}},
      {{"min_lr", "0"}, {{"lr_schedule", "constant"}}, {}},
      {{"warmup_iters", "9"}, {{"lr_schedule", "constant"}}, {{"lr_schedule", "warmup_constant"}}},
  };
  for (const auto& each : cases) {
    const auto count = [&](Overrides others) {
      others.push_back(each.key);
      return of("", others).size();
    };
    EXPECT_EQ(count(each.idle), 1u) << each.key.key;
    EXPECT_EQ(count(each.used), 0u) << each.key.key;
  }
}

TEST_F(WithoutEffect, IsSeenInADatasetsColumn) {
  EXPECT_EQ(of("[data]\ndatasets = [{name = \"a\", path = \"a.txt\", column = \"x\"}, "
               "{name = \"b\", path = \"b.csv\", column = \"x\"}]\n"),
            Clauses{"the column of \"a\" in data.datasets is for csv and jsonl, and its format is "
                    "\"auto\", its path \"a.txt\""});
}

// A recipe that changes another need not clear what it takes the effect from.
TEST_F(WithoutEffect, IsNoMistakeWhereALaterLayerTakesTheEffectAway) {
  (void)write("base.toml", "[provider]\nname = \"sedd\"\ngraph = \"uniform\"\n");
  const std::string include = "include = \"base.toml\"\n[provider]\nname = \"masked\"\n";
  EXPECT_EQ(of(include), Clauses{});
  EXPECT_EQ(of(include + "graph = \"uniform\"\n").size(), 1u);
  EXPECT_EQ(of("[queue]\nuri = \"ipc://q\"\nlate_s = 9\n", {{"queue.uri", "inproc://"}}),
            Clauses{});
  (void)write("base.toml", "[provider]\nname = \"masked\"\ngraph = \"uniform\"\n");
  EXPECT_EQ(of("include = \"base.toml\"\n").size(), 1u) << "a mistake of the base";
  EXPECT_EQ(of("include = \"base.toml\"\n[provider]\nname = \"sedd\"\n"), Clauses{});
}

TEST_F(WithoutEffect, IsNoMistakeOfAKeyThatIsSetBackToItsDefault) {
  (void)write("base.toml", "[provider]\nname = \"sedd\"\ngraph = \"uniform\"\n");
  EXPECT_EQ(of("include = \"base.toml\"\n[provider]\nname = \"masked\"\ngraph = \"absorb\"\n"),
            Clauses{});
  EXPECT_EQ(of("[provider]\nname = \"masked\"\ngraph = \"absorb\"\n").size(), 1u);
}

TEST_F(WithoutEffect, IsNoMistakeOfAKeyThatIsLeftEmpty) {
  EXPECT_EQ(of("[queue]\nkey_file = \"\"\n[provider]\nstages = []\n", {{"column", ""}}), Clauses{});
}

TEST_F(WithoutEffect, OfAStreamMayBeOneOnItsDocuments) {
  const std::string text = "[data]\npath = \"a.csv\"\ncolumn = \"x\"\n[annotate]\n";
  const std::vector<Override> synthetic = {
      {"provider.name", "synthetic"}, {"data.path", "a.csv"}, {"annotate.save_interval_s", "9"}};
  EXPECT_EQ(of(text, synthetic).size(), 2u);
  EXPECT_EQ(of(text, synthetic, RecipeUse::kDocuments), Clauses{});
  EXPECT_EQ(of("", {{"unknown", "drop"}}, RecipeUse::kDocuments).size(), 1u);
}

TEST_F(WithoutEffect, IsFoundInNoShippedRecipeOverAnyTransportNorInItsCheckpoints) {
  std::size_t recipes = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(MILLRACE_SOURCE_DIR) / "config")) {
    if (entry.path().extension() != ".toml") continue;
    ++recipes;
    const std::string path = entry.path().string();
    EXPECT_EQ(keys_without_effect(path, {}), Clauses{}) << path;
    for (const char* const uri : {"inproc://", "file://q", "ipc://q", "tcp://127.0.0.1:5555"}) {
      EXPECT_EQ(keys_without_effect(path, {{"queue.uri", uri}}), Clauses{}) << path << " " << uri;
    }
    const std::string whole = write("config.toml", to_toml(load_recipe(path)));
    EXPECT_EQ(keys_without_effect(whole, {}), Clauses{}) << path;
    const Clauses said = keys_without_effect(whole, {{"annotate.python", "p"}});
    const Options options = load_recipe(path);
    if (options.provider.name == "cascade" && options.annotate.scorer == "python") {
      EXPECT_EQ(said, Clauses{}) << path;
    } else {
      ASSERT_EQ(said.size(), 1u) << path;
      EXPECT_TRUE(said.front().starts_with("annotate.python is for")) << said.front();
    }
  }
  EXPECT_GE(recipes, 20u);
}

}  // namespace
}  // namespace millrace::config
