// The settings that a stream has, by provider and by the values of other keys.
#include <gtest/gtest.h>

#include "config/recipe.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"

namespace millrace::config {
namespace {

using Settings = std::map<std::string, std::string>;

TEST(StreamSettings, DefaultMaskingNamesItsProbability) {
  const Settings expected = {{"block_size", "1024"},
                             {"mask_probability", "0.15"},
                             {"partial_targets", "true"},
                             {"schedule", "none"},
                             {"val_fraction", "0.1"}};
  EXPECT_EQ(stream_settings(Options{}), expected);
}

TEST(StreamSettings, LeavesOutWhatIsNotUsed) {
  const Options unused = default_options({{"stages", R"([{type="span", spans_count=3}])"}});
  EXPECT_EQ(stream_settings(unused), stream_settings(Options{}));
  const Options staged = default_options(
      {{"schedule", "mix"},
       {"stages", R"([{type="span", spans_count=3}, {type="random", max_masked_ratio=1}])"},
       {"validation_stages", R"([{type="span", spans_count=2}])"}});
  const Settings settings = stream_settings(staged);
  EXPECT_FALSE(settings.contains("mask_probability"));
  EXPECT_EQ(settings.at("stages"), "span(spans_count=3);random(max_masked_ratio=1)");
  EXPECT_EQ(settings.at("validation_stages"), "span(spans_count=2)");
}

TEST(StreamSettings, OfAProviderAreThoseThatItUses) {
  const auto names = [](const std::vector<Override>& overrides) {
    std::string text;
    for (const auto& [name, value] : stream_settings(default_options(overrides))) {
      text += name + " ";
    }
    return text;
  };
  EXPECT_EQ(names({{"provider.name", "sedd"}}),
            "block_size graph noise noise_eps sampling_eps t_group val_fraction ");
  EXPECT_EQ(names({{"provider.name", "sedd"},
                   {"noise", "geometric"},
                   {"data.order", "shuffle"},
                   {"test_fraction", "0.1"}}),
            "block_size graph noise order sampling_eps sigma_max sigma_min t_group test_fraction "
            "val_fraction ");
  EXPECT_EQ(names({{"provider.name", "d3pm"}}), "block_size t_group timesteps val_fraction ");
  EXPECT_EQ(names({{"provider.name", "tokens"}, {"format", "token_folder"}}), "block_size ");
  EXPECT_EQ(names({{"provider.name", "tokens"}, {"align", "any"}}), "block_size val_fraction ");
  EXPECT_EQ(names({{"provider.name", "tokens"}, {"align", "line"}}),
            "align block_size val_fraction ");
  EXPECT_EQ(names({{"provider.name", "synthetic"}, {"source", "random"}}),
            "block_size source source_symbols ");
  EXPECT_EQ(names({{"provider.name", "./libmine.so"}}), "block_size ");
}

TEST(StreamSettings, OfAProviderWithoutKeysAreItsOwn) {
  const Options options = default_options(
      {{"provider.name", "mine"},
       {"provider.settings",
        R"({level = 3, size = 3.0, style = "plain \"x\"", deep = true, tiny = 1e-4})"}});
  const Settings expected = {{"block_size", "1024"}, {"deep", "true"},
                             {"level", "3"},         {"size", "3.0"},
                             {"tiny", "1e-04"},      {"style", R"("plain \"x\"")"}};
  EXPECT_EQ(stream_settings(options), expected);
}

TEST(StreamSettings, OfASharedLibraryTakeItsFilesName) {
  const auto name = [](const std::string& written) {
    return provider_name(default_options({{"provider.name", written}}));
  };
  EXPECT_EQ(name("./build/libmine.so"), "mine");
  EXPECT_EQ(name("mine.so"), "mine");
  EXPECT_EQ(name("/opt/mine"), "mine");
  EXPECT_EQ(name("lib.so"), "lib");
  EXPECT_EQ(name("library"), "library");
}

TEST(StreamSettings, WhenAStageComesChangesNoByte) {
  const std::string stage =
      R"({type="sticky", target_masked_ratio=0.4, p1_probability=0.15, p2_probability=0.3)";
  const Options with = default_options(
      {{"schedule", "mix"}, {"stages", "[" + stage + ", val_loss_stale_count=6}]"}});
  const Options without = default_options({{"schedule", "mix"}, {"stages", "[" + stage + "}]"}});
  EXPECT_EQ(stream_settings(with), stream_settings(without));
  const Options soon =
      default_options({{"schedule", "steps"},
                       {"stages", "[" + stage + ", from_step=0}, " + stage + ", from_step=7}]"}});
  const Options late =
      default_options({{"schedule", "steps"},
                       {"stages", "[" + stage + ", from_step=0}, " + stage + ", from_step=8}]"}});
  EXPECT_EQ(stream_settings(soon), stream_settings(late));
  EXPECT_EQ(describe(with.provider.stages[0]),
            "sticky(target_masked_ratio=0.4,p1_probability=0.15,p2_probability=0.3)");
}

// Keys of the stream change its settings, and other keys do not.
TEST(StreamSettings, FollowTheStreamKeys) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"block_size", "64"},
                                                                     {"mask_probability", "0.2"},
                                                                     {"partial_targets", "false"},
                                                                     {"val_fraction", "0.2"}}) {
    EXPECT_NE(stream_settings(default_options({{key, value}})), stream_settings(Options{})) << key;
  }
  EXPECT_EQ(stream_settings(default_options({{"batch_size", "4"}, {"data.path", "x"}})),
            stream_settings(Options{}));
}

}  // namespace
}  // namespace millrace::config
