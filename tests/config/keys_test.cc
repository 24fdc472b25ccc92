// The key table: names, members, ranges, hints, and the list of all keys in
// docs/reference/recipes.md.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "config/errors.h"
#include "config/keys.h"
#include "tests/support/messages.h"

namespace millrace::config {
namespace {

using testing::contains;
using testing::message_of;

TEST(Keys, NamesAreUniqueAndDefaultsAllowed) {
  const Options defaults;
  std::set<std::string> names;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(key.full_name()).second) << key.full_name();
    const Value value = key.get(defaults);
    const bool unset = std::holds_alternative<std::monostate>(value);
    EXPECT_TRUE(unset || allows(key.kind, value)) << key.full_name();
    EXPECT_FALSE(key.about.empty()) << key.full_name();
  }
}

// Changes every key by itself, and expects no other key to change: a key bound to its neighbour's
// member would still read and write.
TEST(Keys, EachIsBoundToAMemberOfItsOwn) {
  for (const Key& key : keys()) {
    Options moved;
    Value value = key.get(moved);
    if (auto* flag = std::get_if<bool>(&value)) {
      *flag = !*flag;
    } else if (auto* integer = std::get_if<std::uint64_t>(&value)) {
      *integer += 1;
    } else if (auto* number = std::get_if<double>(&value)) {
      *number += 0.03125;
    } else if (auto* stages = std::get_if<std::vector<StageOptions>>(&value)) {
      stages->emplace_back();
    } else if (auto* datasets = std::get_if<std::vector<DatasetOptions>>(&value)) {
      datasets->emplace_back();
    } else if (auto* settings = std::get_if<SettingTable>(&value)) {
      settings->emplace("moved", true);
    } else {
      value = std::string("moved");
    }
    key.set(moved, value);
    const std::vector<KeyDifference> found = differences(Options{}, moved);
    ASSERT_EQ(found.size(), 1u) << key.full_name();
    EXPECT_EQ(found[0].key, key.full_name());
    EXPECT_EQ(found[0].shapes, key.shapes);
  }
}

TEST(Keys, RangesRefuseTheirOutside) {
  const FloatKind share{.least = 0, .most = 1, .above = true, .below = true};
  EXPECT_TRUE(allows(share, 0.5));
  for (const double outside : {0.0, 1.0, -1.0, 2.0, std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EXPECT_FALSE(allows(share, outside));
  }
  EXPECT_TRUE(allows(IntKind{1, 3}, std::uint64_t{3}));
  EXPECT_FALSE(allows(IntKind{1, 3}, std::uint64_t{0}));
  EXPECT_FALSE(allows(IntKind{1, 3}, std::uint64_t{4}));
  EXPECT_FALSE(allows(StringKind{{"auto", "cpu"}}, std::string("gpu")));
  EXPECT_FALSE(allows(StringKind{}, std::string()));
}

TEST(Keys, ResolveByFullNameOrUniqueLastPart) {
  EXPECT_EQ(resolve_key("train.batch_size").full_name(), "train.batch_size");
  EXPECT_EQ(resolve_key("batch_size").full_name(), "train.batch_size");
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)resolve_key("threads"); }),
                       "several sections; write 'producer.threads' or 'train.threads'"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { (void)resolve_key("bathc_size"); }),
                       "did you mean 'batch_size'?"));
}

TEST(Keys, HintLooksInOtherSectionsFirst) {
  EXPECT_EQ(key_hint("train.block_size"), "; did you mean 'provider.block_size'?");
  EXPECT_EQ(key_hint("train.learning_rat"), "; did you mean 'train.learning_rate'?");
  EXPECT_EQ(key_hint("qqqqqqqqqqqqqqqqqqqqqqqq"), "");
}

TEST(Keys, ReferenceNamesEveryKeyOnce) {
  const std::string text = "\n" + key_reference();
  for (const Key& key : keys()) {
    const std::string start = "\n" + key.full_name() + " = ";
    EXPECT_NE(text.find(start), std::string::npos) << key.full_name();
    EXPECT_EQ(text.find(start), text.rfind(start)) << key.full_name();
  }
}

TEST(Keys, ThePageListsThemAll) {
  std::ifstream file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/recipes.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find("```text\n" + key_reference() + "```\n"), std::string::npos)
      << "docs/reference/recipes.md is not up to date; put the output of `inspect stream "
         "--help-keys` into it";
}

}  // namespace
}  // namespace millrace::config
