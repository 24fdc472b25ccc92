// The registry of models: sizes from recipe and stream, unknown names, and the lists elsewhere that
// name all models.
#include "trainer/models/models.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "config/errors.h"
#include "config/key_conditions.h"
#include "config/keys.h"
#include "proto/files.h"
#include "tests/support/masked_stream.h"
#include "trainer/models/model.h"

namespace millrace::trainer {
namespace {

using testing::masked_meta;

TEST(Models, TakesItsSizesFromTheStreamAndListsNames) {
  config::ModelOptions options;
  options.n_layer = 1, options.n_head = 2, options.n_embd = 8;
  EXPECT_EQ(
      make_model(options, masked_meta())->named_parameters()["transformer.wte.weight"].size(0), 11);
  options.architecture = "unidirectional";
  try {
    (void)make_model(options, masked_meta());
    FAIL() << "an unknown model was made";
  } catch (const config::UsageError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "model.architecture = \"unidirectional\" is unknown; known: bidirectional, dit, gpt2");
  }
}

TEST(Models, FollowTheStreamsPrefixAndTime) {
  config::ModelOptions options;
  options.n_layer = 1, options.n_head = 2, options.n_embd = 8, options.cond_dim = 6;
  auto meta = masked_meta();
  EXPECT_FALSE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  meta.schema.fields.push_back(
      {"t", proto::WireType::kF32, proto::LogicalType::kF32, {}, proto::Role::kTime, false});
  meta.schema.fields.push_back(
      {"p", proto::WireType::kU8, proto::LogicalType::kI64, {5}, proto::Role::kPrefix, false});
  EXPECT_TRUE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  EXPECT_EQ(make_model(options, meta)->named_buffers()["rotary_cos"].size(0), 12 + 5);
  options.time_conditioning = false;
  EXPECT_FALSE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  options.architecture = "gpt2";
  EXPECT_EQ(make_model(options, meta)->named_parameters()["transformer.wpe.weight"].size(0),
            12 + 5);
  options.architecture = "dit";
  EXPECT_EQ(make_model(options, meta)->named_parameters()["vocab_embed.embedding"].size(0), 11);
}

TEST(Models, OnlyGpt2IsCausal) {
  for (const std::string& name : model_names()) {
    EXPECT_EQ(model_entry(name).name, name);
    EXPECT_EQ(model_entry(name).causal, name == "gpt2") << name;
  }
}

/// config cannot include the registry, so which keys a network reads is a list of its own.
TEST(Models, HaveTheirKeysListed) {
  const auto listed = config::listed_networks();
  const std::vector<std::string> names = model_names();
  EXPECT_EQ((std::set<std::string>(listed.begin(), listed.end())),
            (std::set<std::string>(names.begin(), names.end())))
      << "config/key_conditions.cc and the registry of models differ";
}

/// config cannot include the registry, so the key's help is a list of its own.
TEST(Models, TheHelpOfTheKeyAndThePageNameEveryModel) {
  const std::string about(config::find_key("model.architecture")->about);
  const std::string page =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/objectives.md");
  for (const std::string& name : model_names()) {
    EXPECT_TRUE(std::regex_search(about, std::regex("\\b" + name + "\\b"))) << name;
    EXPECT_NE(page.find("\n| `" + name + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace millrace::trainer
