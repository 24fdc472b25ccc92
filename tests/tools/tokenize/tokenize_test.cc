// tokenize: how a text is cut into splits, what the files hold, and that a run that was interrupted
// anywhere ends with equal bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/app/stop.h"
#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/tokens/token_file.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/messages.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"
#include "tools/tokenize/shard_writer.h"
#include "tools/tokenize/split_documents.h"
#include "tools/tokenize/tokenize_files.h"
#include "tools/tokenize/tokenize_text.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::uint32_t>;
using proto::WireType;
using testing::Ran;

constexpr const char* kMerges = "#version: 0.2\nt h\nth e\nĠ the\na b\nab ab\n";
constexpr std::uint32_t kEnd = 261;

std::vector<std::string> texts_of(const SplitText& split) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < split.count; ++i) texts.emplace_back(split.document(i));
  return texts;
}

using Texts = std::vector<std::string>;

SplitText split_of(proto::Split split, const Texts& documents) {
  std::uint64_t bytes = 0;
  for (const std::string& each : documents) bytes += each.size();
  return {split, documents.size(), bytes,
          [documents = std::make_shared<Texts>(documents)](std::uint64_t i) {
            return std::string_view((*documents)[i]);
          }};
}

struct SplitDocuments : ::testing::Test {
  testing::TemporaryFolder folder;

  /// The splits of a file, as the recipe's fractions cut it.
  [[nodiscard]] std::vector<SplitText> splits_of(const std::string& text, const std::string& format,
                                                 datasets::Shares shares) const {
    proto::replace_file(folder / "text.txt", text);
    const datasets::DatasetSpec spec{
        .path = folder / "text.txt", .format = format, .cache = folder / "cache"};
    const auto documents =
        std::make_shared<const datasets::Documents>(datasets::open_documents(spec));
    return split_documents(
        documents, datasets::cut_text(*documents->text(), datasets::find_sources(spec), shares));
  }
};

TEST_F(SplitDocuments, OneTextIsCutBetweenCharacters) {
  const auto splits = splits_of("äöü4567890", "text", {.val = 0.2, .test = 0.1});
  ASSERT_EQ(splits.size(), 3U);
  EXPECT_EQ(texts_of(splits[0]), (Texts{"äöü4567"}));
  EXPECT_EQ(texts_of(splits[1]), (Texts{"89"}));
  EXPECT_EQ(texts_of(splits[2]), (Texts{"0"}));
  EXPECT_EQ(splits[0].bytes, 10U);
  EXPECT_EQ(splits[2].split, proto::Split::kTest);
}

TEST_F(SplitDocuments, ThereIsNoSplitWithoutText) {
  const auto splits = splits_of("0123456789", "text", {.val = 0, .test = 0.5});
  ASSERT_EQ(splits.size(), 2U);
  EXPECT_EQ(texts_of(splits[0]), (Texts{"01234"}));
  EXPECT_EQ(splits[1].split, proto::Split::kTest);
  EXPECT_EQ(texts_of(splits[1]), (Texts{"56789"}));
}

TEST_F(SplitDocuments, DocumentsStayWholeAndAreAllThere) {
  const auto splits =
      splits_of("aaaa\n\nbé\ncccc\nd\neeeeee\n", "lines", {.val = 0.4, .test = 0.2});
  ASSERT_EQ(splits.size(), 3U);
  Texts all;
  for (const SplitText& each : splits) {
    EXPECT_GT(each.count, 0U);
    for (const std::string& text : texts_of(each)) all.push_back(text);
  }
  EXPECT_EQ(all, (Texts{"aaaa", "bé", "cccc", "d", "eeeeee"}));
}

/// A file that is written while its documents are read.
TEST_F(SplitDocuments, OfAFileThatIsWrittenMeanwhileMakeNoTokenFile) {
  TokenizeRequest request;
  request.splits = splits_of("the one\nthe two\n", "lines", {.val = 0, .test = 0});
  request.bpe = std::make_shared<const datasets::ByteLevelBpe>(datasets::parse_vocab_bpe(kMerges));
  request.out = folder / "out";
  const auto document = request.splits.front().document;
  request.splits.front().document = [&](std::uint64_t i) {
    if (i == 1) {
      std::fstream(folder / "text.txt", std::ios::in | std::ios::out | std::ios::binary) << "THE";
    }
    return document(i);
  };
  EXPECT_TRUE(
      testing::contains(testing::message_of<std::runtime_error>([&] { (void)tokenize(request); }),
                        "text.txt: it was written while it was in use"));
  EXPECT_EQ(read_record(folder / "out")->complete(), false);
}

class TokenizeFiles : public ::testing::Test {
 protected:
  /// Of documents that are all train.
  [[nodiscard]] TokenizeRequest request(const Texts& documents) const {
    TokenizeRequest request;
    request.dataset = "texts";
    request.place = "texts.txt";
    request.inputs = {{"dataset_hash", "00000000000000aa"}};
    request.splits = {split_of(proto::Split::kTrain, documents)};
    request.bpe =
        std::make_shared<const datasets::ByteLevelBpe>(datasets::parse_vocab_bpe(kMerges));
    request.tokenizer = "vocab.bpe";
    request.out = folder_ / "out";
    return request;
  }
  [[nodiscard]] Ids ids(const std::string& file, WireType width = WireType::kU16) const {
    const datasets::TokenFile tokens(folder_ / "out" / file, width);
    Ids ids(tokens.size());
    tokens.read(0, std::span(ids));
    return ids;
  }
  /// The names of the folder's files that are not hidden, with their contents.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
      const std::string name = entry.path().filename().string();
      if (name != ".lock") files[name] = proto::read_file(entry.path());
    }
    return files;
  }
  template <class Act>
  static std::string error_of(const Act& act) {
    try {
      act();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TokenizeFiles, DocumentsEndWithEndOfText) {
  const TokenRecord record = tokenize(request({"the ab", "abab the"}));
  EXPECT_EQ(ids("train.bin"), (Ids{257, 220, 259, kEnd, 260, 258, kEnd}));
  EXPECT_TRUE(record.complete());
  EXPECT_EQ(record.splits.at("train").tokens(), 7U);
  EXPECT_EQ(record.splits.at("train").documents, 2U);
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(TokenizeFiles, EachSplitIsAFile) {
  TokenizeRequest two = request({"the ab"});
  two.splits.push_back(split_of(proto::Split::kVal, {" the"}));
  (void)tokenize(two);
  EXPECT_EQ(ids("train.bin"), (Ids{257, 220, 259, kEnd}));
  EXPECT_EQ(ids("val.bin"), (Ids{258, kEnd}));
}

TEST_F(TokenizeFiles, TextThatSpellsASpecialTokenIsText) {
  (void)tokenize(request({"<|endoftext|>", "x"}));
  const Ids written = ids("train.bin");
  EXPECT_EQ(std::ranges::count(written, kEnd), 2);
  EXPECT_GT(written.size(), 4U);
}

TEST_F(TokenizeFiles, WithoutAnEndOfTextNewlinesJoinDocuments) {
  datasets::BpeParts parts = datasets::parse_vocab_bpe(kMerges);
  parts.added.clear();
  TokenizeRequest plain = request({"ab", "ab\n", "ab"});
  plain.bpe = std::make_shared<const datasets::ByteLevelBpe>(parts);
  const TokenRecord record = tokenize(plain);
  EXPECT_EQ(plain.bpe->decode(ids("train.bin")), "ab\nab\nab");
  EXPECT_FALSE(record.end_of_text);
}

TEST_F(TokenizeFiles, IdsAboveU16TakeFourBytes) {
  datasets::BpeParts parts = datasets::parse_vocab_bpe("");
  parts.added.clear();
  for (std::uint32_t id = 256; id < 65537; ++id) {
    parts.added.push_back({"<" + std::to_string(id) + ">", id});
  }
  TokenizeRequest wide = request({"a<65536>"});
  wide.bpe = std::make_shared<const datasets::ByteLevelBpe>(parts);
  EXPECT_EQ(tokenize(wide).width, WireType::kU32);
  EXPECT_EQ(ids("train.bin", WireType::kU32), (Ids{64, 65536}));
  EXPECT_EQ(nlohmann::json::parse(files()["meta.json"])["dtype"], "uint32");
}

std::vector<std::string> some_documents() {
  std::vector<std::string> documents;
  for (int i = 0; i < 23; ++i) {
    documents.push_back("the " + std::string(static_cast<std::size_t>(i % 5), 'b') +
                        " abab the mill " + std::to_string(i));
  }
  return documents;
}

TEST_F(TokenizeFiles, ShardsAreTheOneFileCut) {
  TokenizeRequest whole = request(some_documents());
  (void)tokenize(whole);
  const Ids all = ids("train.bin");
  for (const std::uint64_t length : {40U, 64U, 100000U}) {
    fs::remove_all(whole.out);
    whole.shard_tokens = length;
    const TokenRecord record = tokenize(whole);
    EXPECT_EQ(record.splits.at("train").shards.size(), (all.size() + length - 1) / length);
    Ids joined;
    for (const Shard& shard : record.splits.at("train").shards) {
      const Ids part = ids(shard.file);
      EXPECT_EQ(part.size(), shard.tokens);
      EXPECT_EQ(shard.hash, proto::hex16(proto::xxh64(proto::read_file(whole.out / shard.file))));
      joined.insert(joined.end(), part.begin(), part.end());
    }
    EXPECT_EQ(joined, all) << length;
  }
}

// A run ends between any two of its steps: a file is whole and the record does not say so yet, or
// does. What another run makes of it must be what one run makes.
TEST_F(TokenizeFiles, AfterAnInterruptionAnywhereTheBytesAreEqual) {
  TokenizeRequest sharded = request(some_documents());
  sharded.shard_tokens = 40;
  sharded.splits.push_back(split_of(proto::Split::kVal, {"abab", "the end"}));
  const TokenRecord record = tokenize(sharded);
  const auto wanted = files();
  const std::vector<Shard> shards = record.splits.at("train").shards;
  ASSERT_GT(shards.size(), 3U);
  for (std::size_t done = 0; done <= shards.size(); ++done) {
    for (const bool file_without_record : {false, true}) {
      fs::remove_all(sharded.out);
      fs::create_directories(sharded.out);
      TokenRecord half = record;
      half.splits["train"] = {false,
                              record.splits.at("train").documents,
                              {shards.begin(), shards.begin() + static_cast<std::ptrdiff_t>(done)}};
      half.splits["val"] = {false, record.splits.at("val").documents, {}};
      const std::size_t there = std::min(shards.size(), done + (file_without_record ? 1 : 0));
      for (std::size_t i = 0; i < there; ++i) {
        proto::replace_file(sharded.out / shards[i].file, wanted.at(shards[i].file));
      }
      proto::replace_file(proto::temporary_name(sharded.out / "train_000003.bin"), "half a file");
      if (done > 0) write_record(sharded.out, half);
      if (done == 0 && there > 0) continue;  // files without any record are refused, see below
      EXPECT_TRUE(tokenize(sharded) == record) << done;
      EXPECT_EQ(files(), wanted) << done;
    }
  }
}

TEST_F(TokenizeFiles, HiddenFilesOfTheUserStay) {
  const TokenizeRequest whole = request(some_documents());
  fs::create_directories(whole.out);
  for (const char* const name : {".training_notes.tmp", ".meta.tmp", ".val.bin.tmp"}) {
    proto::replace_file(whole.out / name, "mine");
  }
  (void)tokenize(whole);
  for (const char* const name : {".training_notes.tmp", ".meta.tmp", ".val.bin.tmp"}) {
    EXPECT_EQ(proto::read_file(whole.out / name), "mine");
  }
}

TEST_F(TokenizeFiles, FilesThatAreMissingOrCutShortAreMadeAgain) {
  TokenizeRequest sharded = request(some_documents());
  sharded.shard_tokens = 50;
  (void)tokenize(sharded);
  const auto wanted = files();
  fs::remove(sharded.out / "train_000001.bin");
  fs::resize_file(sharded.out / "train_000002.bin", 20);
  (void)tokenize(sharded);
  EXPECT_EQ(files(), wanted);
}

TEST_F(TokenizeFiles, AFileIsAnnouncedBeforeItIsThere) {
  const fs::path file = folder_ / "train_000000.bin";
  std::string order;
  ShardWriter writer(
      {.folder = folder_.path(), .split = "train", .shard_tokens = 3}, {},
      [&] { order += fs::exists(file) ? "late " : "before "; },
      [&](const Shard&) { order += fs::exists(file) ? "there " : "missing "; });
  writer.append(Ids{1, 2});
  EXPECT_EQ(order, "");
  writer.append(Ids{3});
  EXPECT_EQ(order, "before there ");
}

/// As a run leaves it that is killed when its first file has appeared.
TEST_F(TokenizeFiles, AFirstFileThatNobodyNamesIsWrittenAnew) {
  TokenizeRequest sharded = request(some_documents());
  sharded.shard_tokens = 50;
  TokenRecord record = tokenize(sharded);
  EXPECT_FALSE(record.empty());
  const auto wanted = files();
  record.splits.at("train").shards.clear(), record.splits.at("train").complete = false;
  EXPECT_TRUE(record.empty());
  write_record(sharded.out, record);
  (void)tokenize(sharded);
  EXPECT_EQ(files(), wanted);
}

TEST_F(TokenizeFiles, WhatIsFinishedIsLeftAlone) {
  const TokenizeRequest one = request(some_documents());
  const TokenRecord record = tokenize(one);
  proto::replace_file(one.out / "train.bin",
                      std::string(record.splits.at("train").tokens() * 2, 'x'));
  const auto before = files();
  EXPECT_TRUE(tokenize(one) == record);
  EXPECT_EQ(files(), before);
}

TEST_F(TokenizeFiles, ChangedInputsAreRefusedWithBothValues) {
  TokenizeRequest one = request(some_documents());
  (void)tokenize(one);
  one.inputs["dataset_hash"] = "00000000000000bb";
  EXPECT_EQ(error_of([&] { (void)tokenize(one); }),
            one.out.string() +
                ": these are tokens of other inputs: dataset_hash is 00000000000000bb now and "
                "00000000000000aa there; take "
                "another --out, or remove this folder");
  EXPECT_THROW((void)tokenize(one), config::UsageError);
}

TEST_F(TokenizeFiles, AFolderOfSomebodyElseIsLeftAlone) {
  const TokenizeRequest one = request(some_documents());
  fs::create_directories(one.out);
  proto::replace_file(one.out / "val.bin", "xx");
  EXPECT_EQ(error_of([&] { (void)tokenize(one); }),
            (one.out / "val.bin").string() +
                " is there, and no meta.json that says what it was made of; take another --out");
  proto::replace_file(one.out / "meta.json", "{}");
  EXPECT_TRUE(testing::contains(error_of([&] { (void)tokenize(one); }),
                                "meta.json: this is no record of tokenize ("));
  proto::replace_file(one.out / "meta.json", "not even");
  EXPECT_TRUE(testing::contains(error_of([&] { (void)tokenize(one); }),
                                "meta.json: this is no record of tokenize ("));
}

TEST_F(TokenizeFiles, TwoAtOnceInOneFolderAreRefused) {
  const TokenizeRequest one = request(some_documents());
  fs::create_directories(one.out);
  const auto lock = proto::real_disk().lock(one.out / ".lock");
  EXPECT_TRUE(testing::contains(error_of([&] { (void)tokenize(one); }),
                                "another tokenize is at work in this folder"));
}

TEST_F(TokenizeFiles, ATextThatCannotBeEncodedIsNamed) {
  TokenizeRequest one = request({"ab", "a\xff"});
  EXPECT_TRUE(error_of([&] {
                (void)tokenize(one);
              }).starts_with("texts.txt: document 2 of train: not valid UTF-8 at byte offset 1; "));
  EXPECT_EQ(files().size(), 0U);
}

TEST(TokenizeText, EncodesAndDecodesStreams) {
  const datasets::ByteLevelBpe bpe(datasets::parse_vocab_bpe(kMerges));
  const auto encoded = [&](const std::string& text, bool json,
                           datasets::Specials specials = datasets::Specials::kAsText) {
    std::istringstream in(text);
    std::ostringstream out;
    encode_stream(bpe, specials, json, in, out);
    return out.str();
  };
  const auto decoded = [&](const std::string& text, bool json) {
    std::istringstream in(text);
    std::ostringstream out;
    decode_stream(bpe, json, in, out);
    return out.str();
  };
  const auto error = [&](const auto& act) {
    try {
      (void)act();
    } catch (const std::runtime_error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_EQ(encoded("the ab\n", false), "257 220 259 198\n");
  EXPECT_EQ(encoded("\"the\"\n\"\\u0000<|endoftext|>\"\n", true, datasets::Specials::kRecognised),
            "[257]\n[188,261]\n");
  EXPECT_EQ(decoded("257 220\n259", false), "the ab");
  EXPECT_EQ(decoded("127\n", false), "\xC3");  // a byte alone
  EXPECT_EQ(decoded("[257]\n[127]\n", true), "\"the\"\n\"\uFFFD\"\n");
  EXPECT_EQ(error([&] { return decoded("1 x", false); }),
            "'x' is no token id; ids are whole numbers between spaces");
  EXPECT_EQ(error([&] { return decoded("[1]\n[-1]", true); }),
            "line 2 of the input: '-1' is no token id; ids are whole numbers between spaces");
  EXPECT_EQ(error([&] { return encoded("[1]\n", true); }),
            "line 1 of the input: expected a text, \"…\"");
  EXPECT_EQ(error([&] { return encoded("\"a\n", true); }), "line 1 of the input is no JSON");
}

/// The program, on a recipe of its own.
class TokenizeProgram : public ::testing::Test {
 protected:
  TokenizeProgram() {
    proto::replace_file(folder_ / "vocab.bpe", kMerges);
    proto::replace_file(folder_ / "text.txt", "the ab\nabab the\n\nthe end\nab\n");
    proto::replace_file(
        folder_ / "r.toml",
        "[data]\npath = \"text.txt\"\ntokenizer = \"vocab.bpe\"\nval_fraction = 0.2\n");
  }
  [[nodiscard]] Ran run(std::vector<std::string> words) const {
    words.insert(words.begin(), std::string(MILLRACE_BIN) + "/tokenize");
    return testing::run_program(words, folder_.path().string());
  }
  testing::TemporaryFolder folder_;
};

TEST_F(TokenizeProgram, WritesWhatARecipeSays) {
  const Ran ran = run({"r.toml", "--out", "tokens", "--data.format=lines", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "{\"split\":\"train\",\"tokens\":13,\"documents\":3,\"files\":1}\n{\"split\":\"val\","
            "\"tokens\":2,\"documents\":1,"
            "\"files\":1}\n");
  const datasets::TokenFile val(folder_ / "tokens" / "val.bin", WireType::kU16);
  EXPECT_EQ(val[0], 259U);
  EXPECT_EQ(val[1], kEnd);
  const Ran again = run({"r.toml", "--out", "tokens", "--data.format=lines", "--json"});
  EXPECT_EQ(again.out, ran.out);
  EXPECT_TRUE(testing::contains(again.err, "train: 13 tokens are there")) << again.err;
  const Ran other = run({"r.toml", "--out", "tokens", "--data.format=text"});
  EXPECT_EQ(other.status, 2);
}

/// The blocks of a page of docs/ that are fenced as text.
std::vector<std::string> blocks_of(const std::string& page) {
  const std::string text =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/" + page);
  const std::string fence = "```text\n";
  std::vector<std::string> blocks;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    blocks.push_back(text.substr(at, text.find("```", at) - at));
  }
  return blocks;
}

TEST_F(TokenizeProgram, DoesWhatItsPageShows) {
  const std::vector<std::string> blocks = blocks_of("tokenizing.md");
  ASSERT_EQ(blocks.size(), 4U);
  proto::replace_file(folder_ / "vocab.bpe", blocks[0]);
  proto::replace_file(folder_ / "text.txt", blocks[1]);
  const Ran ran = run({"r.toml", "--out", "x", "--data.format=lines", "--data.val_fraction=0"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const datasets::TokenFile tokens(folder_ / "x" / "train.bin", WireType::kU16);
  const auto bpe = datasets::load_bpe(folder_ / "vocab.bpe");
  std::string spelled;
  std::string ids;
  for (std::uint64_t i = 0; i < tokens.size(); ++i) {
    spelled += (i == 0 ? "" : " ") + bpe->vocabulary()[tokens[i]];
    ids += (i == 0 ? "" : " ") + std::to_string(tokens[i]);
  }
  EXPECT_EQ(blocks[2], spelled + '\n' + ids + '\n');
  std::string hex;
  for (const char byte : proto::read_file(folder_ / "x" / "train.bin")) {
    const std::string digits = proto::hex16(static_cast<std::uint8_t>(byte)).substr(14);
    hex += digits + ((hex.size() + 3) % 48 == 0 ? "\n" : " ");
  }
  hex.back() = '\n';
  EXPECT_EQ(blocks[3], hex);
}

TEST_F(TokenizeProgram, SaysWhatIsWrongWithItsWords) {
  const auto refused = [&](std::vector<std::string> words, int status,
                           const std::string& sentence) {
    const Ran ran = run(std::move(words));
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_TRUE(testing::contains(ran.err, sentence)) << ran.err;
  };
  refused({}, 2, "name a CONFIG and --out DIR");
  refused({"r.toml"}, 2, "name a CONFIG and --out DIR");
  proto::replace_file(folder_ / "none.toml", "[data]\npath = \"text.txt\"\n");
  refused({"none.toml", "--out", "x"}, 2, "data.tokenizer is not set");
  refused({"r.toml", "--out", "x", "--data.tokenizer=none.json"}, 1,
          "none.json: there is no such tokenizer");
  refused({"r.toml", "--out", "x", "--data.format=tokens"}, 2, "is tokens already");
  refused({"r.toml", "--out", "x", "--shard-tokens", "0"}, 2,
          "--shard-tokens=0: expected a whole number from 1 to");
  refused({"--encode", "vocab.bpe", "--decode", "vocab.bpe"}, 2, "each by itself");
  refused({"r.toml", "--encode", "vocab.bpe"}, 2, "without CONFIG and overrides");
  refused({"--encode", "vocab.bpe", "--out", "x"}, 2, "--out does not go with --encode");
  refused({"--decode", "vocab.bpe", "--specials"}, 2, "--specials does not go with --decode");
  refused({"r.toml", "--out", "x", "--specials"}, 2, "--specials does not go with --out");
  proto::make_folders(folder_ / "d", proto::real_disk());
  proto::replace_file(folder_ / "d" / "text.txt", "a text\n");
  refused({"r.toml", "--out", "d/x", "--data.path=d"}, 2, "--out = d/x lies in the dataset d");
  EXPECT_FALSE(fs::exists(folder_ / "d" / "x"));
  proto::replace_file(folder_ / "text.txt", "caf\xE9");
  refused({"r.toml", "--out", "x"}, 1, "not valid UTF-8 at byte offset 3");
}

}  // namespace
}  // namespace millrace::tools
