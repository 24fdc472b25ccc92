// Datasets of tokens: files, folders and encoded texts, and every error.
#include "datasets/open/open_tokens.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <numeric>

#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/tokens/token_notes.h"
#include "proto/digest.h"
#include "tests/datasets/text_files.h"
#include "tests/support/captured_log.h"

namespace millrace::datasets {
namespace {

using proto::Split;
using testing::contains;
using testing::ids_of;
using testing::message_of;
using testing::starts_of;
using Ids = std::vector<std::uint32_t>;
using Places = std::vector<std::uint64_t>;

constexpr Shares kAll{0, 0};
constexpr std::uint32_t kNewline = 198;    // as in GPT-2
constexpr std::uint32_t kEndOfText = 257;  // 256 bytes, one merge, <|endoftext|>

template <class Id>
std::string bin(std::initializer_list<Id> ids) {
  return {reinterpret_cast<const char*>(ids.begin()), ids.size() * sizeof(Id)};
}
std::string bin16(std::initializer_list<std::uint16_t> ids) { return bin(ids); }
std::string bin32(std::initializer_list<std::uint32_t> ids) { return bin(ids); }

class TokensOf : public testing::DatasetFiles {
 protected:
  std::string tokenizer() { return write("tokenizer/vocab.bpe", "#version: 0.2\nh e\n"); }
  Ids encoded(const std::string& text) { return load_bpe(tokenizer())->encode(text); }
};

TEST_F(TokensOf, AFileIsCutByTheFractions) {
  const Datasets opened = open({{.path = write("a.bin", bin16({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))}},
                               {.shares = {0.2, 0.1}});
  const TokenText& text = *opened.parts.front().text;
  EXPECT_EQ(ids_of(text), (Ids{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(ids_of(text, Split::kVal), (Ids{7, 8}));
  EXPECT_EQ(ids_of(text, Split::kTest), (Ids{9}));
  EXPECT_EQ(opened.vocabulary.size, 10U);
  EXPECT_TRUE(opened.vocabulary.tokens.empty());
  EXPECT_EQ(text.lines(Split::kTrain), 0U);
  EXPECT_EQ(open({{.path = path("a.bin")}}, {.vocab_size = 50}).vocabulary.size, 50U);
  EXPECT_NE(open({{.path = path("a.bin")}}, {.vocab_size = 50}).hash, opened.hash);
  EXPECT_EQ(open({{.path = path("a.bin")}}, {.vocab_size = 10}).hash, opened.hash);
}

TEST_F(TokensOf, EveryWidthIsRead) {
  write("meta.json", R"({"dtype": "uint32", "vocab_size": 70001, "end_of_text": 7})");
  const auto text =
      this->text({.path = write("a.bin", bin32({70'000, 7, 1, 7, 7, 2}))}, {.shares = kAll});
  EXPECT_EQ(ids_of(*text), (Ids{70'000, 7, 1, 7, 7, 2}));
  EXPECT_EQ(starts_of(*text), (Places{0, 2, 5}));
  std::vector<std::uint16_t> narrow(1);
  text->read(Split::kTrain, 2, std::span(narrow));
  EXPECT_EQ(narrow.front(), 1U);
  EXPECT_EQ(text->vocabulary().size, 70'001U);
}

TEST_F(TokensOf, AFolderHoldsItsSplits) {
  write("d/train_000000.bin", bin16({0, 1, 2}));
  write("d/train_000001.bin", bin16({3, 4}));
  write("d/val.bin", bin16({5}));
  write("d/other.bin", bin16({60'000}));
  const DatasetSpec spec{.path = path("d"), .format = "token_folder"};
  const auto text = this->text(spec, {.shares = {0.5, 0.4}});  // the shares do not count
  EXPECT_EQ(ids_of(*text), (Ids{0, 1, 2, 3, 4}));
  EXPECT_EQ(ids_of(*text, Split::kVal), (Ids{5}));
  EXPECT_EQ(text->length(Split::kTest), 0U);
  Ids part(3);
  text->read(Split::kTrain, 1, std::span(part));
  EXPECT_EQ(part, (Ids{1, 2, 3}));
  EXPECT_EQ(text->hash(), this->text(spec, {.shares = kAll})->hash());
  write("d/val.bin", bin16({4}));
  EXPECT_NE(text->hash(), this->text(spec, {.shares = kAll})->hash());
}

TEST_F(TokensOf, DocumentsBeginBehindEndOfText) {
  const std::uint16_t end = kEndOfText;
  write("d/train.bin", bin16({10, 11, end, end, 12, end}));
  write("d/val.bin", bin16({13, end, 14}));
  const auto text =
      this->text({.path = path("d"), .format = "token_folder"}, {.tokenizer = tokenizer()});
  EXPECT_EQ(starts_of(*text), (Places{0, 4}));
  EXPECT_EQ(starts_of(*text, Split::kVal), (Places{0, 2}));
  EXPECT_TRUE(text->vocabulary().byte_level);
  EXPECT_EQ(text->vocabulary().size, 258U);
}

TEST_F(TokensOf, ATextIsEncodedSplitBySplit) {
  const std::string half = "the hen\n\n he";
  const auto text = this->text({.path = write("t.txt", half + half)},
                               {.shares = {0.5, 0}, .tokenizer = tokenizer()});
  Ids expected = encoded(half);
  const std::size_t second_line = expected.size() - encoded(" he").size();
  expected.push_back(kEndOfText);
  EXPECT_EQ(ids_of(*text), expected);
  EXPECT_EQ(ids_of(*text, Split::kVal), expected);
  EXPECT_EQ(starts_of(*text), (Places{0, second_line}));
  EXPECT_EQ(text->vocabulary().tokens, load_bpe(tokenizer())->vocabulary());
}

TEST_F(TokensOf, RecordsAreEncodedDocumentByDocument) {
  const std::string file = write("t.csv", "text\n\"he\nhe\"\nhe\n");
  const auto text = this->text({.path = file}, {.shares = kAll, .tokenizer = tokenizer()});
  EXPECT_EQ(ids_of(*text), (Ids{256, kNewline, 256, kEndOfText, 256, kEndOfText}));
  EXPECT_EQ(starts_of(*text), (Places{0, 4}));
}

TEST_F(TokensOf, AnEncodedTextIsFoundAgain) {
  const DatasetSpec spec{.path = write("t.txt", "the hen\nhe"), .cache = path("cache")};
  const SetOptions options{.shares = kAll, .tokenizer = tokenizer()};
  const Ids first = ids_of(*text(spec, options));
  EXPECT_EQ(ids_of(*text(spec, options)), first);
  write("tokenizer/vocab.bpe", "#version: 0.2\nh e\nt he\n");
  EXPECT_NE(ids_of(*text(spec, options)), first);
}

TEST_F(TokensOf, TheSameTokensHaveTheSameHashWhateverThePath) {
  const auto a = text({.path = write("a.bin", bin16({1, 2, 3}))}, {.shares = kAll});
  const auto b =
      text({.path = write("b.bin", bin16({1, 2, 3})), .cache = path("cache")}, {.shares = kAll});
  EXPECT_EQ(a->hash(), b->hash());
  EXPECT_NE(a->hash(), text({.path = write("c.bin", bin16({1, 3, 3}))}, {.shares = kAll})->hash());
}

TEST_F(TokensOf, AnotherFileOfTheSameSizeAndTimeIsRead) {
  namespace fs = std::filesystem;
  const DatasetSpec spec{.path = write("a.bin", bin16({1, 2, 3})), .cache = path("cache")};
  EXPECT_EQ(ids_of(*text(spec, {.shares = kAll})), (Ids{1, 2, 3}));
  const std::string other = write("other.bin", bin16({4, 300, 6}));
  fs::last_write_time(other, fs::last_write_time(spec.path));
  fs::rename(other, spec.path);
  const Datasets opened = open({spec}, {.shares = kAll});
  EXPECT_EQ(ids_of(*opened.parts.front().text), (Ids{4, 300, 6}));
  EXPECT_EQ(opened.vocabulary.size, 301U);
}

/// The meta.json of tokenize for files with these tokens.
std::string manifest(const std::map<std::string, std::string>& train) {
  std::string shards;
  for (const auto& [name, content] : train) {
    shards += std::string(shards.empty() ? "" : ",") + "{\"file\": \"" + name +
              "\", \"tokens\": " + std::to_string(content.size() / 2) + ", \"xxh64\": \"" +
              proto::hex16(proto::xxh64(content)) + "\"}";
  }
  return R"({"format": "millrace tokens 1", "dtype": "uint16", "vocab_size": 10, "splits": )"
         R"({"train": {"shards": [)" +
         shards + "]}}}";
}

TEST_F(TokensOf, AFolderIsHeldAgainstItsManifest) {
  const std::string a = bin16({0, 1, 2});
  const std::string b = bin16({3, 4});
  const DatasetSpec spec{.path = path("d"), .format = "token_folder"};
  const auto make = [&] {
    std::filesystem::remove_all(path("d"));
    write("d/train_000000.bin", a);
    write("d/train_000001.bin", b);
    write("d/meta.json", manifest({{"train_000000.bin", a}, {"train_000001.bin", b}}));
  };
  make();
  EXPECT_EQ(ids_of(*text(spec)), (Ids{0, 1, 2, 3, 4}));
  std::filesystem::remove(path("d/train_000001.bin"));
  EXPECT_TRUE(contains(error(spec), "d: meta.json lists train_000001.bin, which is not there"));
  write("d/train_000001.bin", bin16({3}));
  EXPECT_TRUE(contains(error(spec), "train_000001.bin: it has 1 token with xxh64"));
  write("d/train_000001.bin", bin16({3, 5}));
  EXPECT_TRUE(contains(error(spec), "it was cut or altered"));
  EXPECT_TRUE(contains(error({.path = path("d/train_000001.bin")}), "it was cut or altered"));
  make();
  write("d/train_000001 (1).bin", b);
  EXPECT_TRUE(contains(error(spec), "(1).bin: meta.json beside it does not list this file"));
  make();
  write("d/val.bin", b);
  EXPECT_TRUE(contains(error(spec), "val.bin: meta.json beside it does not list this file"));
}

TEST_F(TokensOf, WithoutAManifestGapsAndCopiesAreSaid) {
  write("d/train_000000.bin", bin16({0, 1}));
  write("d/train_000002.bin", bin16({2, 1}));
  write("d/train_000002 (1).bin", bin16({2, 1}));
  const testing::CapturedLog log;
  (void)text({.path = path("d"), .format = "token_folder"});
  EXPECT_EQ(log.count("hold the same tokens, which are read twice"), 1);
  std::filesystem::remove(path("d/train_000002 (1).bin"));
  (void)text({.path = path("d"), .format = "token_folder"});
  EXPECT_EQ(log.count("has part 0 and then part 2"), 1);
}

TEST_F(TokensOf, AnIdThatWasNotThereBeforeIsNotCut) {
  const std::string file = write("a.bin", bin16({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  const auto text = this->text({.path = file}, {.shares = kAll});
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  const std::uint16_t id = 0x102;  // 2, if it is cut
  ASSERT_EQ(::pwrite(fd, &id, sizeof id, 6), 2);
  ::close(fd);
  std::vector<std::uint8_t> narrow(10);
  EXPECT_TRUE(contains(
      message_of<std::runtime_error>([&] { text->read(Split::kTrain, 0, std::span(narrow)); }),
      "a.bin: it holds an id that was not there when it was opened"));
}

TEST_F(TokensOf, FilesOfOtherKindsAreRefused) {
  std::string wide;
  for (std::uint32_t i = 0; i < 64; ++i) wide += bin32({i * 700});
  EXPECT_TRUE(contains(error({.path = write("a.bin", wide)}),
                       "a.bin: its ids seem to have 32 bits, and would be read as 16"));
  EXPECT_TRUE(contains(error({.path = path("a.bin")}, {.tokenizer = tokenizer()}), "32 bits"));
  write("meta.json", R"({"dtype": "uint32"})");
  EXPECT_EQ(text({.path = path("a.bin")}, {.shares = kAll})->length(Split::kTrain), 64U);
  write("meta.json", R"({"dtype": "uint16"})");
  EXPECT_EQ(text({.path = path("a.bin")}, {.shares = kAll})->length(Split::kTrain), 128U);
  EXPECT_TRUE(contains(error({.path = write("b.bin", "hello world, this is a text of words")}),
                       "b.bin: it is text, not token ids"));
  write("d/train.bin", bin16({1}));
  write("d/val.bin.gz", "packed");
  EXPECT_TRUE(contains(error({.path = path("d"), .format = "token_folder"}),
                       "val.bin.gz: token files are read as they lie; decompress it"));
}

TEST_F(TokensOf, EveryFaultHasItsSentence) {
  EXPECT_TRUE(contains(error({.path = write("odd.bin", "abc")}),
                       "odd.bin: its size of 3 bytes is no multiple of the 2"));
  EXPECT_TRUE(contains(error({.path = write("none.bin", "")}), "none.bin: the file is empty"));
  EXPECT_TRUE(
      contains(error({.path = write("a.bin", bin16({1, 300, 258}))}, {.tokenizer = tokenizer()}),
               "a.bin: token 300 at position 1 is outside the vocabulary of 258 ids"));
  EXPECT_TRUE(contains(error({.path = path("a.bin")}, {.vocab_size = 300}),
                       "token 300 at position 1 is outside the vocabulary of 300 ids"));
  EXPECT_TRUE(contains(error<config::UsageError>({.path = path("a.bin")},
                                                 {.tokenizer = tokenizer(), .vocab_size = 7}),
                       "data.vocab_size = 7, but the tokenizer"));
  EXPECT_TRUE(contains(error<config::UsageError>({.path = path("a.bin")}, {.vocabulary = "v.json"}),
                       "these are token files"));
  write("d/val.bin", bin16({1}));
  EXPECT_TRUE(contains(error({.path = path("d"), .format = "token_folder"}),
                       "d: there is no train.bin, nor train_000000.bin"));
  write("d/train.bin", bin16({1}));
  write("d/train_000000.bin", bin16({1}));
  EXPECT_TRUE(contains(error({.path = path("d"), .format = "token_folder"}),
                       "there is train.bin, and parts of it (train_000000.bin)"));
  EXPECT_TRUE(contains(error<config::UsageError>({.path = path("d")}),
                       "the folder holds token files; say so with --data.format=token_folder"));
  EXPECT_TRUE(contains(error<config::UsageError>({.path = path("d"), .format = "tokens"}),
                       "takes one file, and this is a folder; use --data.format=token_folder"));
  EXPECT_TRUE(contains(error<config::UsageError>({.path = path("a.bin"), .format = "token_folder"}),
                       "takes a folder with train.bin"));
  const std::string text = write("t.txt", "he");
  EXPECT_TRUE(contains(message_of<config::UsageError>([&] {
                         (void)open({{.path = text}, {.path = path("a.bin")}});
                       }),
                       "t.txt: a text beside token files"));
}

TEST(TokenNotes, AreChecked) {
  const auto refused = [](std::string_view json) {
    return message_of<std::runtime_error>([&] { (void)parse_token_notes(json, "meta.json"); });
  };
  EXPECT_TRUE(contains(refused("["), "meta.json: not a JSON object"));
  EXPECT_TRUE(
      contains(refused(R"({"dtype": "int8"})"), "dtype is \"int8\", not \"uint16\" or \"uint32\""));
  EXPECT_TRUE(contains(refused(R"({"vocab_size": -1})"), "vocab_size is -1, not a whole number"));
  EXPECT_TRUE(contains(refused(R"({"complete": false})"), "tokenize was interrupted"));
  EXPECT_FALSE(parse_token_notes(R"({"end_of_text": null})", "meta.json").end_of_text);
}

}  // namespace
}  // namespace millrace::datasets
