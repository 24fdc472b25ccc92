// The files of tokenizers: how they are found and read, and what is refused.
#include "datasets/bpe/bpe_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<std::uint32_t>;

constexpr const char* kMerges = "#version: 0.2\na b\nab c\n";

/// GPT-2's ids for these merges.
Json vocabulary() {
  Json vocab;
  const BpeParts parts = parse_vocab_bpe(kMerges);
  for (std::size_t id = 0; id < parts.vocabulary.size(); ++id) vocab[parts.vocabulary[id]] = id;
  vocab["<|endoftext|>"] = parts.vocabulary.size();
  return vocab;
}

/// A tokenizer.json as the package writes it.
Json tokenizer() {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens",
           {{{"id", 258},
             {"content", "<|endoftext|>"},
             {"single_word", false},
             {"lstrip", false},
             {"rstrip", false},
             {"normalized", false},
             {"special", true}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", true}}},
          {"post_processor", nullptr},
          {"decoder",
           {{"type", "ByteLevel"},
            {"add_prefix_space", true},
            {"trim_offsets", true},
            {"use_regex", true}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocabulary()},
            {"merges", {"a b", "ab c"}}}}};
}

std::string error_of(const Json& json) {
  try {
    (void)parse_tokenizer_json(json.dump());
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// tokenizer() with one change.
Json with(const char* pointer, const Json& value) {
  Json changed = tokenizer();
  changed[Json::json_pointer(pointer)] = value;
  return changed;
}

struct BpeFiles : ::testing::Test {
  testing::TemporaryFolder folder;

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    proto::replace_file(folder / name, content);
    return folder / name;
  }
  [[nodiscard]] static std::string error_of(const std::filesystem::path& path) {
    try {
      (void)load_bpe(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(BpeFiles, AllKindsOfOneTokenizerAreTheSame) {
  write("tokenizer.json", tokenizer().dump());
  write("x-vocab.json", vocabulary().dump());
  write("x-merges.txt", kMerges);
  write("vocab.bpe", kMerges);
  const auto bpe = load_bpe(folder.path());
  EXPECT_EQ(bpe->encode("abc ab"), (Ids{257, 220, 256}));
  EXPECT_EQ(bpe->end_of_text(), 258U);
  for (const char* name : {"tokenizer.json", "x-vocab.json", "x-merges.txt"}) {
    EXPECT_EQ(load_bpe(folder / name)->hash(), load_bpe(folder / "x-merges.txt")->hash()) << name;
  }
  // Its <|endoftext|> is no part of the merged vocabulary, so the hash differs; the ids do not.
  const auto gpt2 = load_bpe(folder / "vocab.bpe");
  EXPECT_EQ(gpt2->vocabulary(), bpe->vocabulary());
  EXPECT_EQ(gpt2->encode("abc ab<|endoftext|>", Specials::kRecognised), (Ids{257, 220, 256, 258}));
}

TEST_F(BpeFiles, AFolderIsLookedThroughInOrder) {
  EXPECT_EQ(error_of(folder.path()),
            folder.path().string() +
                ": there is no tokenizer in this folder; set data.tokenizer to a tokenizer.json, a "
                "vocab.bpe, a vocab.json beside its "
                "merges.txt, or the folder of one of these");
  write("vocab.bpe", "#version: 0.2\nx y\n");
  EXPECT_TRUE(load_bpe(folder.path())->find("xy"));
  write("merges.txt", kMerges);
  write("vocab.json", vocabulary().dump());
  EXPECT_FALSE(load_bpe(folder.path())->find("xy"));
  Json other = tokenizer();
  other["pre_tokenizer"]["add_prefix_space"] = true;
  write("tokenizer.json", other.dump());
  EXPECT_TRUE(load_bpe(folder.path())->parts().add_prefix_space);
}

TEST_F(BpeFiles, Gpt2sOwnPairIsTakenTogether) {
  Json swapped = vocabulary();
  std::swap(swapped["a"], swapped["b"]);
  write("encoder.json", swapped.dump());
  write("vocab.bpe", kMerges);
  EXPECT_EQ(load_bpe(folder / "vocab.bpe")->find("a"), 65U);
  EXPECT_EQ(load_bpe(folder / "encoder.json")->find("a"), 65U);
}

TEST_F(BpeFiles, RefusesWhatIsNotThere) {
  EXPECT_TRUE(
      error_of(folder / "none.json")
          .starts_with((folder / "none.json").string() + ": there is no such tokenizer; set "));
  const auto merges = write("merges.txt", kMerges);
  EXPECT_TRUE(error_of(merges).starts_with(merges.string() +
                                           ": this is half a tokenizer, and the other half, " +
                                           (folder / "vocab.json").string() + ", is not there; "));
  const auto model = write("spiece.model", "x");
  EXPECT_TRUE(
      error_of(model).starts_with(model.string() + ": no tokenizer is known by such a name; "));
}

TEST_F(BpeFiles, NamesTheFileAndTheLineThatIsNoMerge) {
  const auto path = write("vocab.bpe", "#version: 0.2\na b\n\nab c\n");
  EXPECT_EQ(error_of(path),
            path.string() +
                ": line 3 is not two tokens with one space between; is this a list of merges?");
  write("vocab.bpe", "a b c\n");
  EXPECT_TRUE(error_of(path).starts_with(path.string() + ": line 1 is not two tokens"));
  write("vocab.bpe", "ä ö\n语 b\n");
  EXPECT_EQ(error_of(path),
            path.string() + ": merge 2 ('语 b') needs the token '语', which the vocabulary lacks");
}

TEST(MergesText, LinesMayEndInAnyWay) {
  EXPECT_EQ(parse_vocab_bpe("#version: 0.2\r\na b\r\nab c").merges,
            parse_vocab_bpe(kMerges).merges);
  EXPECT_EQ(parse_vocab_bpe("# #\n").merges.front().first, "#");
}

TEST(VocabJson, LeavesOutIdsWithoutAToken) {
  const BpeParts parts = parse_vocab_and_merges(R"({"a": 0, "b": 5})", "");
  EXPECT_EQ(parts.vocabulary, (std::vector<std::string>{"a", "", "", "", "", "b"}));
  const ByteLevelBpe bpe(parts);
  EXPECT_EQ(bpe.vocab_size(), 6U);
  EXPECT_EQ(bpe.encode("ab"), (Ids{0, 5}));
  EXPECT_EQ(bpe.decode(Ids{0, 3, 5}), "ab");
  EXPECT_EQ(bpe.vocabulary()[3], "<|unused 3|>");
  EXPECT_FALSE(bpe.find("<|unused 3|>"));
}

TEST(VocabJson, RefusesIdsThatCannotBe) {
  const auto error = [](const std::string& vocab) {
    try {
      (void)parse_vocab_and_merges(vocab, "");
    } catch (const std::runtime_error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  const std::string rule = ", and ids must be whole numbers below 4100, each once, for 2 tokens";
  EXPECT_EQ(error(R"({"a": 0, "b": 4100})"), "the token 'b' has the id 4100" + rule);
  EXPECT_EQ(error(R"({"a": 0, "b": 0})"), "the token 'b' has the id 0" + rule);
  EXPECT_EQ(error(R"({"a": 0, "b": -1})"), "the token 'b' has the id -1" + rule);
  EXPECT_EQ(error(R"({"a": 0, "b": "1"})"), "the token 'b' has the id \"1\"" + rule);
  EXPECT_EQ(error("[]"), R"(the vocabulary is not an object of ids by token, {"token": 0, …})");
  EXPECT_EQ(error("{\"a\": 0"),
            "this is no whole JSON: it goes wrong at byte 8; get the file again");
  EXPECT_EQ(error(""), "this is no whole JSON: it goes wrong at byte 1; get the file again");
}

TEST(TokenizerJson, TakesMergesAsPairsAndWhatChangesNoId) {
  const std::string hash = ByteLevelBpe(parse_tokenizer_json(tokenizer().dump())).hash();
  const auto same = [&](const Json& json) {
    EXPECT_EQ(ByteLevelBpe(parse_tokenizer_json(json.dump())).hash(), hash) << json;
  };
  same(with("/model/merges", Json::array({Json::array({"a", "b"}), Json::array({"ab", "c"})})));
  same(with("/model/unk_token", "<|endoftext|>"));  // every byte has a token, so it never comes up
  same(with("/model/end_of_word_suffix", ""));
  same(with("/model/dropout", 0.0));
  same(with("/decoder", nullptr));
  same(with("/decoder", {{"type", "Sequence"}, {"decoders", Json::array()}}));
  same(with("/post_processor", {{"type", "ByteLevel"}, {"trim_offsets", true}}));
  same(with("/post_processor", {{"type", "TemplateProcessing"}, {"single", Json::array()}}));
  same(with("/truncation", {{"max_length", 512}}));
  same(with("/padding", {{"strategy", "BatchLongest"}}));
  same(with("/normalizer", {{"type", "Sequence"}, {"normalizers", Json::array()}}));
  same(with("/pre_tokenizer",
            {{"type", "Sequence"}, {"pretokenizers", {tokenizer()["pre_tokenizer"]}}}));
  Json old = tokenizer();
  old["model"].erase("type");
  old["model"].erase("byte_fallback");
  old["pre_tokenizer"].erase("use_regex");
  same(old);
}

TEST(TokenizerJson, ReadsWhatChangesIds) {
  EXPECT_TRUE(
      parse_tokenizer_json(with("/pre_tokenizer/add_prefix_space", true).dump()).add_prefix_space);
  EXPECT_FALSE(parse_tokenizer_json(with("/pre_tokenizer/use_regex", false).dump()).use_regex);
  EXPECT_TRUE(parse_tokenizer_json(with("/model/ignore_merges", true).dump()).ignore_merges);
  const auto added = [](const char* pointer) {
    return parse_tokenizer_json(with(pointer, true).dump()).added.front();
  };
  EXPECT_TRUE(added("/added_tokens/0/normalized").normalized);
  EXPECT_TRUE(added("/added_tokens/0/lstrip").takes_space_before);
  EXPECT_TRUE(added("/added_tokens/0/rstrip").takes_space_behind);
  const Json normalizers = {{{"type", "NFKC"}},
                            {{"type", "Sequence"}, {"normalizers", {{{"type", "NFD"}}}}}};
  EXPECT_EQ(parse_tokenizer_json(
                with("/normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}).dump())
                .normal_forms,
            (std::vector<NormalForm>{NormalForm::kNfkc, NormalForm::kNfd}));
}

/// tokenizer() whose text is split before it is words.
Json with_split(const Json& part) {
  return with("/pre_tokenizer",
              {{"type", "Sequence"}, {"pretokenizers", {part, tokenizer()["pre_tokenizer"]}}});
}

Json split(const Json& pattern, const char* behavior = "Isolated", bool invert = false) {
  return {{"type", "Split"}, {"pattern", pattern}, {"behavior", behavior}, {"invert", invert}};
}

TEST(TokenizerJson, ReadsRulesThatSplitATextBeforeItIsWords) {
  const auto rule = [](const Json& part) {
    return parse_tokenizer_json(with_split(part).dump()).splits.at(0);
  };
  const SplitRule regex = rule(split({{"Regex", "a|b"}}, "MergedWithNext", true));
  EXPECT_EQ(regex.pattern, "a|b");
  EXPECT_EQ(regex.behavior, SplitBehavior::kMergedWithNext);
  EXPECT_TRUE(regex.invert);
  EXPECT_EQ(rule(split({{"String", "a.b"}}, "Removed")).pattern, "a\\.b");
  EXPECT_EQ(rule({{"type", "Digits"}, {"individual_digits", false}}).behavior,
            SplitBehavior::kContiguous);
  // Each is part of what a tokenizer is.
  const auto hash = [](const Json& json) {
    return ByteLevelBpe(parse_tokenizer_json(json.dump())).hash();
  };
  const std::string one = hash(with_split(split({{"Regex", "a"}})));
  EXPECT_NE(one, hash(tokenizer()));
  EXPECT_NE(one, hash(with_split(split({{"Regex", "b"}}))));
  EXPECT_NE(one, hash(with_split(split({{"Regex", "a"}}, "Removed"))));
  EXPECT_NE(one, hash(with_split(split({{"Regex", "a"}}, "Isolated", true))));
  EXPECT_NE(hash(with("/normalizer", {{"type", "NFC"}})),
            hash(with("/normalizer", {{"type", "NFKC"}})));
  EXPECT_NE(hash(with("/added_tokens/0/lstrip", true)), hash(tokenizer()));
}

// The hash names caches and streams: it may not change for a tokenizer that could be read before.
TEST(TokenizerJson, KeepsTheHashOfATokenizer) {
  EXPECT_EQ(ByteLevelBpe(parse_tokenizer_json(tokenizer().dump())).hash(), "000429ab4a84bb4b");
}

TEST(TokenizerJson, RefusesByNameWhatIsNotImplemented) {
  const std::string rest =
      " is not implemented, and without it the ids would be others; docs/reference/tokenizing.md "
      "lists what is read";
  const auto refused = [&](const char* pointer, const Json& value) {
    const std::string error = error_of(with(pointer, value));
    EXPECT_TRUE(error.ends_with(rest)) << pointer << ": " << error;
    return error.substr(0, error.size() - std::min(error.size(), rest.size()));
  };
  EXPECT_EQ(refused("/model/type", "WordPiece"), "the model WordPiece");
  EXPECT_EQ(refused("/model/dropout", 0.1), "dropout of the model");
  EXPECT_EQ(refused("/model/continuing_subword_prefix", "##"),
            "continuing_subword_prefix of the model");
  EXPECT_EQ(refused("/model/end_of_word_suffix", "</w>"), "end_of_word_suffix of the model");
  EXPECT_EQ(refused("/model/byte_fallback", true), "byte_fallback of the model");
  EXPECT_EQ(refused("/model/surprise", 1), "'surprise' of the model");
  EXPECT_EQ(refused("/surprise", 1), "'surprise' of the file");
  EXPECT_EQ(refused("/normalizer", {{"type", "Lowercase"}}), "the normalizer Lowercase");
  EXPECT_EQ(refused("/pre_tokenizer", {{"type", "Whitespace"}}), "the pre_tokenizer Whitespace");
  EXPECT_EQ(refused("/pre_tokenizer", nullptr), "a tokenizer without a ByteLevel pre_tokenizer");
  const Json byte_level = tokenizer()["pre_tokenizer"];
  EXPECT_EQ(refused("/pre_tokenizer",
                    {{"type", "Sequence"}, {"pretokenizers", {byte_level, byte_level}}}),
            "the pre_tokenizer ByteLevel behind ByteLevel");
  EXPECT_EQ(refused("/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", Json::array()}}),
            "a tokenizer without a ByteLevel pre_tokenizer");
  EXPECT_EQ(refused("/added_tokens/0/single_word", true),
            "single_word of the added token '<|endoftext|>'");
  Json few = with("/model/vocab", {{"a", 0}, {"b", 1}, {"[UNK]", 2}});
  few["model"]["unk_token"] = "[UNK]";
  EXPECT_EQ(error_of(few), "unk_token of the model" + rest);
}

TEST(TokenizerJson, SaysWhatIsWrong) {
  EXPECT_EQ(error_of(Json::array()), "this is no JSON object; is this a tokenizer.json?");
  EXPECT_EQ(error_of(Json::object()), "there is no model in it; is this a tokenizer.json?");
  EXPECT_EQ(error_of(with("/model/type", 3)), "the model has no text 'type'");
  EXPECT_EQ(error_of(with("/model/merges", nullptr)), "the model has no list of merges");
  EXPECT_EQ(error_of(with("/model/merges/1", "abc")), R"(merge 2 is neither "a b" nor ["a", "b"])");
  EXPECT_EQ(error_of(with("/model/ignore_merges", 1)),
            "'ignore_merges' of the model is neither true nor false");
  EXPECT_EQ(error_of(with("/added_tokens", 1)), "added_tokens is no list");
  EXPECT_EQ(error_of(with("/added_tokens/0", 1)), "an added token is no object");
  EXPECT_EQ(error_of(with("/added_tokens/0/id", -1)),
            "the added token '<|endoftext|>' has no id that is a whole number");
  Json silent = tokenizer();
  silent["pre_tokenizer"].erase("add_prefix_space");
  EXPECT_EQ(error_of(silent), "the pre_tokenizer does not say add_prefix_space");
}

TEST_F(BpeFiles, WhatThePackageDoesNotTakeIsRefused) {
  EXPECT_EQ(millrace::datasets::error_of(with("/version", "2.0")).find("version \"2.0\""), 0U);
  EXPECT_NE(millrace::datasets::error_of(with("/version", 1.0)), "");
  Json without = tokenizer();
  without.erase("version");
  EXPECT_EQ(millrace::datasets::error_of(without), "");
  EXPECT_NE(error_of(write("tokenizer.json", "\xEF\xBB\xBF" + tokenizer().dump()))
                .find("byte order mark"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::datasets
