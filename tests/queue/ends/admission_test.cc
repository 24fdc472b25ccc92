#include "queue/ends/admission.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using testing::sample_meta;

Expectation expected() { return {"sample", 7, sample_meta().settings, {}}; }

TEST(Admission, AcceptsTheStreamOfItsRecipe) {
  EXPECT_EQ(Admission(expected()).mismatch(sample_meta()), std::nullopt);
}

TEST(Admission, NamesTheSettingAndBothValues) {
  Expectation other = expected();
  other.settings["block_size"] = "9";
  EXPECT_EQ(
      Admission(other).mismatch(sample_meta()),
      "block_size is 9 for train and 5 for prepare: run both with the same recipe and overrides");
  other = expected();
  other.data_seed = 8;
  EXPECT_EQ(
      Admission(other).mismatch(sample_meta()),
      "data_seed is 8 for train and 7 for prepare: run both with the same recipe and overrides");
}

TEST(Admission, LooksAtTheDatasetsNameWhereTheRecipeNamesOne) {
  Expectation named = expected();
  named.dataset = sample_meta().dataset_name;
  EXPECT_EQ(Admission(named).mismatch(sample_meta()), std::nullopt);
  named.dataset = "letters";
  EXPECT_EQ(Admission(named).mismatch(sample_meta()),
            "dataset is letters for train and " + sample_meta().dataset_name +
                " for prepare: run both with the same recipe and overrides");
}

TEST(Admission, OnceOneIsPinnedNoOtherOfTheSameSettingsPasses) {
  Admission admission(expected());
  admission.pin(sample_meta());
  EXPECT_EQ(admission.mismatch(sample_meta()), std::nullopt);

  proto::StreamMeta other_data = sample_meta();
  other_data.dataset_hash = "ffffffffffffffff";
  other_data.fingerprint = proto::fingerprint_of(other_data);
  ASSERT_TRUE(admission.mismatch(other_data).has_value());
  EXPECT_NE(admission.mismatch(other_data)->find("ffffffffffffffff"), std::string::npos);

  proto::StreamMeta other_build = sample_meta();  // same settings, other bytes
  other_build.probe[0] = "00000000000000ab";
  ASSERT_TRUE(admission.mismatch(other_build).has_value());
  EXPECT_NE(admission.mismatch(other_build)->find("digest of the first train samples"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::queue
