// A stream's meta: its fingerprint, the differences between two, and its JSON.
#include "proto/meta.h"

#include <gtest/gtest.h>

#include "proto/meta_json.h"
#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

using testing::sample_meta;

TEST(Meta, FingerprintTextIsTheDocumentedOne) {
  EXPECT_EQ(fingerprint_text(sample_meta()),
            "provider=sample\nformat_version=1\ndataset_hash=0123456789abcdef\ndata_seed=7\n"
            "setting.block_size=5\nsetting.schedule=none\n"
            "field.0=x u8 i64 [5] input\nfield.1=y u16 i64 [5] target sentinel\nfield.2=t f32 f32 "
            "[] time\n"
            "field.3=stage u8 i64 [] stage\n");
}

TEST(Meta, FingerprintChangesWithEveryFactThatChangesAByte) {
  const std::string original = sample_meta().fingerprint;
  const auto changed = [&](auto&& change) {
    StreamMeta meta = sample_meta();
    change(meta);
    return fingerprint_of(meta) != original;
  };
  EXPECT_TRUE(changed([](StreamMeta& m) { m.provider = "other"; }));
  EXPECT_TRUE(changed([](StreamMeta& m) { m.format_version = 2; }));
  EXPECT_TRUE(changed([](StreamMeta& m) { m.settings["block_size"] = "6"; }));
  EXPECT_TRUE(changed([](StreamMeta& m) { m.dataset_hash = "0"; }));
  EXPECT_TRUE(changed([](StreamMeta& m) { m.data_seed = 8; }));
  EXPECT_TRUE(changed([](StreamMeta& m) { m.schema.fields[0].shape = {6}; }));
  EXPECT_FALSE(changed([](StreamMeta& m) { m.dataset_name = "renamed"; }));
  EXPECT_FALSE(changed([](StreamMeta& m) { m.probe[0] = "1"; }));
  EXPECT_FALSE(changed([](StreamMeta& m) { m.epoch_samples = 48; }));
}

TEST(Meta, DifferencesNameTheSettingAndBothValues) {
  StreamMeta other = sample_meta();
  other.settings["block_size"] = "6";
  other.settings["extra"] = "1";
  EXPECT_EQ(describe(differences(sample_meta(), other), "in the recipe", "at the producer"),
            "block_size is 5 in the recipe and 6 at the producer; extra is (unset) in the recipe "
            "and 1 at the producer");
  EXPECT_TRUE(differences(sample_meta(), sample_meta()).empty());
  other = sample_meta();
  other.probe[1] = "00000000000000cc";
  EXPECT_EQ(differences(sample_meta(), other).size(), 1U);
}

TEST(Meta, TheSameContentUnderAnotherNameIsTheSameData) {
  StreamMeta other = sample_meta();
  other.dataset_name = "moved";
  EXPECT_TRUE(differences(sample_meta(), other).empty());
}

TEST(Meta, DigestsAreNamedAfterWhatChangedThem) {
  StreamMeta other = sample_meta();
  other.probe = {"1", "2", ""};
  other.vocabulary[1] = "c";
  const auto found = differences(sample_meta(), other);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].what, "vocabulary");
}

TEST(Meta, ADifferenceInAnyFieldIsNamed) {
  const auto named = [](const std::string& name, auto&& change, bool is_fingerprinted = false) {
    StreamMeta here = sample_meta();
    here.epoch_samples = 48;
    StreamMeta other = here;
    change(other);
    if (is_fingerprinted) other.fingerprint = fingerprint_of(other);
    for (const auto& found : {differences(here, other), differences(other, here)}) {
      ASSERT_EQ(found.size(), 1U) << name;
      EXPECT_EQ(found[0].what, name);
      EXPECT_NE(found[0].here, found[0].there);
    }
  };
  using M = StreamMeta;
  named(
      "provider", [](M& m) { m.provider = "other"; }, true);
  named(
      "format_version", [](M& m) { m.format_version = 2; }, true);
  named(
      "block_size", [](M& m) { m.settings["block_size"] = "6"; }, true);
  named("dataset", [](M& m) {
    m.dataset_name = "other";
    m.dataset_hash = "";
  });
  named(
      "dataset", [](M& m) { m.dataset_hash = "0"; }, true);
  named(
      "data_seed", [](M& m) { m.data_seed = 8; }, true);
  named(
      "field 0", [](M& m) { m.schema.fields[0].shape = {6}; }, true);
  named("vocabulary", [](M& m) { m.vocabulary[1] = "c"; });
  named("vocabulary", [](M& m) { m.vocabulary.clear(); });
  named("byte_level", [](M& m) { m.byte_level = true; });
  named("vocab_size", [](M& m) { m.vocab_size = 4; });
  named("mask_token_id", [](M& m) { m.mask_token_id = 1; });
  named("mask_token_id", [](M& m) { m.mask_token_id.reset(); });
  named("ignore_index", [](M& m) { m.ignore_index = -1; });
  named("samples' block_size", [](M& m) { m.block_size = 6; });
  named("train_stages", [](M& m) { m.train_stages = {"default", "hard"}; });
  named("val_stages", [](M& m) { m.val_stages = {"hard"}; });
  named("size of train", [](M& m) { m.sizes[0] = 100; });
  named("size of val", [](M& m) { m.sizes[1] = 101; });
  named("size of test", [](M& m) { m.sizes[2] = 1; });
  named("epoch_samples", [](M& m) { m.epoch_samples = 49; });
  named("digest of the first train samples", [](M& m) { m.probe[0] = "1"; });
  named("digest of the first val samples", [](M& m) { m.probe[1] = ""; });
  named(
      "fingerprint", [](M& m) { m.settings["ignore_index"] = "1"; }, true);
}

TEST(Meta, ALongValueIsCutBetweenCharacters) {
  StreamMeta other = sample_meta();
  for (int i = 0; i < 1000; ++i) other.provider += "ü";
  const std::string text = describe(differences(sample_meta(), other));
  EXPECT_LT(text.size(), 300U);
  EXPECT_NE(text.find("ü… there"), std::string::npos);
}

TEST(MetaJson, RoundTrip) {
  const StreamMeta meta = sample_meta();
  EXPECT_EQ(meta_from_json(to_json(meta)), meta);
}

TEST(MetaJson, HasTheSamplesOfAnEpochWhereTheyAreKnown) {
  StreamMeta meta = sample_meta();
  EXPECT_EQ(to_json(meta).find("epoch_samples"), std::string::npos)
      << "so that older builds read it";
  meta.epoch_samples = kEndless;
  EXPECT_NE(to_json(meta).find("\"epoch_samples\": \"18446744073709551615\""), std::string::npos);
  EXPECT_EQ(meta_from_json(to_json(meta)), meta);
  EXPECT_TRUE(differences(meta, sample_meta()).empty())
      << "a producer of an older build makes the same stream";
  meta.epoch_samples = 0;
  EXPECT_THROW((void)meta_from_json(to_json(meta)), std::runtime_error);
}

TEST(MetaJson, RefusesWhatIsNotTheMetaOfAStream) {
  EXPECT_THROW((void)meta_from_json("{"), std::runtime_error);
  EXPECT_THROW((void)meta_from_json("{}"), std::runtime_error);
  std::string forged = to_json(sample_meta());
  forged.replace(forged.find("\"sample\""), 8, "\"simple\"");
  EXPECT_THROW((void)meta_from_json(forged), std::runtime_error);
}

}  // namespace
}  // namespace millrace::proto
