// The streams that a consumer accepts, and the reasons against others.
#include "queue/ends/admission.h"

#include <gtest/gtest.h>

#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using testing::sample_expectation;
using testing::sample_meta;

TEST(Admission, AcceptsTheStreamOfItsRecipe) {
  EXPECT_EQ(Admission(sample_expectation()).mismatch(sample_meta()), std::nullopt);
}

TEST(Admission, NamesTheSettingAndBothValues) {
  Expectation other = sample_expectation();
  other.settings["block_size"] = "9";
  EXPECT_EQ(
      Admission(other).mismatch(sample_meta()),
      "block_size is 9 for train and 5 for prepare: run both with the same recipe and overrides");
  other = sample_expectation();
  other.data_seed = 8;
  EXPECT_EQ(
      Admission(other).mismatch(sample_meta()),
      "data_seed is 8 for train and 7 for prepare: run both with the same recipe and overrides");
}

TEST(Admission, LooksAtTheDatasetsNameWhereTheRecipeNamesOne) {
  Expectation named = sample_expectation();
  named.dataset = sample_meta().dataset_name;
  EXPECT_EQ(Admission(named).mismatch(sample_meta()), std::nullopt);
  named.dataset = "letters";
  EXPECT_EQ(Admission(named).mismatch(sample_meta()),
            "dataset is letters for train and " + sample_meta().dataset_name +
                " for prepare: run both with the same recipe and overrides");
}

TEST(Admission, TheContentDecidesWhereItIsKnown) {
  Expectation known = sample_expectation();
  known.dataset = "renamed";
  known.dataset_hash = sample_meta().dataset_hash;
  EXPECT_EQ(Admission(known).mismatch(sample_meta()), std::nullopt);
  known.dataset = sample_meta().dataset_name;
  known.dataset_hash = "ffffffffffffffff";
  EXPECT_EQ(Admission(known).mismatch(sample_meta()),
            "dataset is made up (content ffffffffffffffff) for train and made up (content " +
                sample_meta().dataset_hash +
                ") for prepare: run both with the same recipe and overrides, on the same files");
}

TEST(Admission, ASettingThatShapesTheContentIsNamedInsteadOfIt) {
  Expectation other = sample_expectation();
  other.dataset = sample_meta().dataset_name;
  other.dataset_hash = "ffffffffffffffff";
  other.settings["block_size"] = "9";
  EXPECT_EQ(
      Admission(other).mismatch(sample_meta()),
      "block_size is 9 for train and 5 for prepare: run both with the same recipe and overrides");
}

TEST(Admission, CharactersAreNotTheTokensOfATokenizer) {
  Expectation tokens = sample_expectation();
  tokens.byte_level = sample_meta().byte_level;
  EXPECT_EQ(Admission(tokens).mismatch(sample_meta()), std::nullopt);
  tokens.byte_level = true;
  EXPECT_EQ(Admission(tokens).mismatch(sample_meta())->substr(0, 74),
            "the kind of tokens is of a tokenizer (data.tokenizer) for train and charac");
}

TEST(Admission, OnceAStreamIsPinnedNoOtherWithTheSameSettingsIsAccepted) {
  Admission admission(sample_expectation());
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
