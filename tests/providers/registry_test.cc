// The table of providers: what it makes and refuses, and a new provider with settings of its own.
#include "providers/registry.h"

#include <algorithm>
#include <map>
#include <span>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "config/recipe.h"
#include "config/settings.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "tests/providers/scored_text.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

TEST(Registry, MakesWhatItLists) {
  for (const std::string& name : known_providers()) {
    config::Options options = small_options();
    options.provider.name = name;
    if (name == "cascade") take_shards(options);
    EXPECT_EQ(make_provider(options)->meta().provider, name);
  }
}

// config has a table of its own, since it cannot see the registry.
TEST(Registry, HasEveryProviderThatConfigGivesKeys) {
  const std::vector<std::string> known = known_providers();
  for (const std::string_view name : config::built_in_providers()) {
    EXPECT_NE(std::ranges::find(known, name), known.end()) << name;
  }
}

/// Counts up in steps of the setting `stride`: a new provider of the tree, which config does not
/// know.
class Stride final : public RowProvider {
 public:
  explicit Stride(const config::Options& options) {
    config::check_settings(options, {"stride"});
    stride_ = config::setting(options, "stride", std::int64_t{1});
    meta_.provider = config::provider_name(options);
    meta_.settings = config::stream_settings(options);
    meta_.data_seed = options.data.data_seed;
    meta_.schema.fields = {
        {"x", proto::WireType::kU8, proto::LogicalType::kI64, {1}, proto::Role::kInput, false}};
    meta_.sizes = {proto::kEndless, 10, 0};
    meta_.fingerprint = proto::fingerprint_of(meta_);
  }
  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split /*split*/, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    row.values<std::uint8_t>(0)[0] =
        static_cast<std::uint8_t>(index * static_cast<std::uint64_t>(stride_));
  }

 private:
  std::int64_t stride_;
  proto::StreamMeta meta_;
};

TEST(Registry, TakesAProviderWithSettingsByOneLine) {
  constexpr ProviderEntry kWithOneMore[] = {
      {"stride", [](const config::Options& options) -> std::unique_ptr<DataProvider> {
         return std::make_unique<Stride>(options);
       }}};
  const auto make = [&](const std::string& settings) {
    return make_provider(
        config::default_options({{"provider.name", "stride"}, {"provider.settings", settings}}),
        kWithOneMore);
  };
  const auto by_three = make("{stride = 3}");
  EXPECT_EQ(by_three->meta().provider, "stride");
  EXPECT_EQ(by_three->meta().settings,
            (std::map<std::string, std::string>{{"block_size", "1024"}, {"stride", "3"}}));
  EXPECT_NE(by_three->meta().fingerprint, make("{stride = 4}")->meta().fingerprint);
  const proto::Batch batch = fill_batch(*by_three, {proto::Split::kTrain, 5, 2, {}});
  expect_elements(batch.values<std::uint8_t>(0), {15, 18});
  expect_error<config::UsageError>([&] { (void)make("{strid = 3}"); },
                                   {"strid", "did you mean 'stride'?"});
}

// A schedule that a provider does not use is a mistake in the recipe.
TEST(Registry, OnlyCharDiffusionTakesASchedule) {
  for (const std::string name :
       {"char_random_replacement", "sedd", "masked", "d3pm", "tokens", "synthetic"}) {
    config::Options options = mixed_options({random_stage(0.5)});
    options.provider.name = name;
    expect_error<config::UsageError>([&] { (void)make_provider(options); },
                                     {"\"mix\" is of char_diffusion", name});
  }
}

TEST(Registry, NamesTheNearestAndAllForAnUnknownOne) {
  config::Options options = small_options();
  options.provider.name = "char_difusion";
  expect_error<config::UsageError>(
      [&] { (void)make_provider(options); },
      {"char_difusion", "known: char_diffusion, char_random_replacement, sedd",
       "did you mean 'char_diffusion'"});
}

class LiveFeed final : public DataProvider {
 public:
  LiveFeed() { meta_.provider = "live_feed"; }
  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  void fill(const proto::Range& /*range*/, proto::BatchView /*out*/) const override {
    ADD_FAILURE() << "filled, but refused";
  }
  [[nodiscard]] bool replayable() const override { return false; }

 private:
  proto::StreamMeta meta_;
};

TEST(Registry, RefusesALiveFeed) {
  expect_error<config::UsageError>([] { check_replayable(LiveFeed()); },
                                   {"live_feed", "cannot compute a sample again"});
  EXPECT_NO_THROW(check_replayable(*make_provider(small_options())));
}

}  // namespace
}  // namespace millrace::providers
