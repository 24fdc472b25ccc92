#include "providers/registry.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "config/errors.h"
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

// A schedule that a provider does not follow was meant to do something.
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
