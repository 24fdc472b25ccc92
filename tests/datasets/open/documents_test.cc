// Documents of every format of text: their texts, hashes, and every error.
#include "datasets/open/documents.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

#include "config/errors.h"
#include "datasets/index/index_format.h"
#include "datasets/io/decompressed_bytes.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/captured_log.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::message_of;
using testing::TemporaryFolder;
using Texts = std::vector<std::string>;

void write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string gzipped(std::string_view content) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd_packed(std::string_view content) {
  std::string packed(ZSTD_compressBound(content.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), content.data(), content.size(), 3));
  return packed;
}

/// Of unknown length, so that the frame asks for the whole window.
std::string zstd_packed_in_window(std::string_view content, int window_log) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, ZSTD_fast);
  ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 12);
  std::string packed(ZSTD_compressBound(content.size()) + 64, '\0');
  ZSTD_inBuffer in{content.data(), content.size(), 0};
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  while (in.pos < in.size) ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  packed.resize(out.pos);
  return packed;
}

class DocumentsOf : public ::testing::Test {
 protected:
  /// The documents of a file with this content.
  Documents open(const std::string& name, std::string_view content,
                 const std::string& format = "auto", const std::string& column = "") {
    write(folder_ / name, content);
    return open_documents(
        DatasetSpec{.path = (folder_ / name).string(), .format = format, .column = column});
  }
  Texts texts(const std::string& name, std::string_view content, const std::string& format = "auto",
              const std::string& column = "") {
    return texts_of(open(name, content, format, column));
  }
  static Texts texts_of(const Documents& documents) {
    Texts all;
    for (std::uint64_t i = 0; i < documents.count(); ++i) all.emplace_back(documents.document(i));
    return all;
  }
  std::string error(const std::string& name, std::string_view content,
                    const std::string& format = "auto", const std::string& column = "") {
    return message_of<std::runtime_error>([&] { (void)open(name, content, format, column); });
  }

  TemporaryFolder folder_;
};

TEST_F(DocumentsOf, ATextIsOneDocumentNamedByItsBytes) {
  const Documents documents = open("a.txt", "one\n\ntwo");
  EXPECT_EQ(texts_of(documents), (Texts{"one\n\ntwo"}));
  EXPECT_EQ(documents.hash(), proto::hex16(proto::xxh64(std::string_view("one\n\ntwo"))));
  EXPECT_EQ(documents.name(), "a.txt");
  EXPECT_EQ(documents.bytes(), 8U);
}

TEST_F(DocumentsOf, LinesAreThoseThatAreNotEmpty) {
  EXPECT_EQ(texts("a.txt", "one\n\ntwo\r\n\r\n three\nlast", "lines"),
            (Texts{"one", "two", " three", "last"}));
  EXPECT_EQ(open("a.txt", "one\n\ntwo\n", "lines").text()->text(), "one\n\ntwo\n");
}

TEST_F(DocumentsOf, FilesOfAFolderComeByTheirPaths) {
  write(folder_ / "d/b.txt", "b");
  write(folder_ / "d/a/z.txt", "z\n");
  write(folder_ / "d/a/empty.txt", "");
  write(folder_ / "d/B.txt", "B");
  write(folder_ / "d/.hidden", "no");
  write(folder_ / "d/.git/config", "no");
  const Documents documents = open_documents(DatasetSpec{.path = (folder_ / "d").string()});
  EXPECT_EQ(texts_of(documents), (Texts{"B", "z\n", "b"}));
  EXPECT_EQ(documents.text()->text(), "B\nz\nb");
  EXPECT_EQ(documents.name(), "d");
  EXPECT_EQ(open_documents(DatasetSpec{.path = (folder_ / "d/").string()}).name(), "d");
}

TEST_F(DocumentsOf, CsvFollowsRfc4180) {
  const std::string csv =
      "id,text,more\r\n1,plain,x\r\n2,\"a, \"\"b\"\"\r\nc\",y\r\n3,,z\r\n\r\n4,\"\",z\r\n5,a \"b\" "
      "\rc,\n6,last,";
  EXPECT_EQ(texts("a.csv", csv, "auto", "text"),
            (Texts{"plain", "a, \"b\"\r\nc", "a \"b\" \rc", "last"}));
  EXPECT_EQ(texts("a.csv", csv, "auto", "id"), (Texts{"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(texts("b.csv", "\xEF\xBB\xBF\"the text\"\nx\ny\n"), (Texts{"x", "y"}));
}

TEST_F(DocumentsOf, CsvWithCarriageReturnsAloneIsRefused) {
  const std::string alone = "carriage returns without newlines end its lines";
  EXPECT_TRUE(contains(error("a.csv", "text\rhello\rworld\r"), alone));
  EXPECT_TRUE(contains(error("a.csv", "text\rhello\rworld\n"), alone));
  EXPECT_TRUE(contains(error("a.csv", "text\n\"a\"\r\"b\"\nc\n"), "line 2: " + alone));
  EXPECT_EQ(texts("a.csv", "\"the\rtext\"\r\n\"a\rb\"\r\nc\rd\r\n"), (Texts{"a\rb", "c\rd"}));
  EXPECT_TRUE(contains(error("a.txt", "one\rtwo\r", "lines"), alone));
  EXPECT_EQ(texts("a.txt", "one\rtwo\n", "lines"), (Texts{"one\rtwo"}));
}

TEST_F(DocumentsOf, CsvWithOtherSeparatorsIsRefusedUnlessTheColumnIsNamed) {
  EXPECT_TRUE(contains(error("a.csv", "id\ttext\n1\tone\n"), "separated by tabs or semicolons"));
  EXPECT_TRUE(contains(error("a.csv", "id;text\n1;one\n"), "separated by tabs or semicolons"));
  EXPECT_EQ(texts("a.csv", "id;text\n1;one\n", "auto", "id;text"), (Texts{"1;one"}));
}

TEST_F(DocumentsOf, EveryFileOfAFolderHasTheHeader) {
  write(folder_ / "d/a.csv", "text\none\n");
  write(folder_ / "d/b.csv", "two\nthree\n");
  const DatasetSpec spec{.path = (folder_ / "d").string()};
  EXPECT_TRUE(
      contains(message_of<std::runtime_error>([&] { (void)open_documents(spec); }),
               "b.csv: there is no column 'text' (data.column); the columns are 'two' (the first "
               "line of every file names them)"));
  write(folder_ / "d/b.csv", "text\ntwo\n");
  EXPECT_EQ(texts_of(open_documents(spec)), (Texts{"one", "two"}));
  write(folder_ / "d/b.csv", "");
  write(folder_ / "d/c.csv", "text\nthree\n");
  EXPECT_EQ(texts_of(open_documents(spec)), (Texts{"one", "three"})) << "an empty part";
}

TEST_F(DocumentsOf, CsvIsRefusedWithTheLine) {
  EXPECT_TRUE(contains(error("a.csv", "a,b\n1,2\n", "auto", "text"),
                       "a.csv: there is no column 'text' (data.column); the columns are 'a', 'b'"));
  EXPECT_TRUE(contains(
      error("a.csv", "a,b\n1,2\n"),
      "say which column holds the text with --data.column=NAME; the columns are 'a', 'b'"));
  EXPECT_TRUE(contains(error("a.csv", "a,b\n1,2\n3\n", "auto", "a"),
                       "line 3: it has 1 fields, and the header names 2 columns"));
  EXPECT_TRUE(contains(error("a.csv", "a,b\n1,2\n3,4,5", "auto", "a"), "line 3: it has 3 fields"));
  EXPECT_TRUE(contains(error("a.csv", "a\n\"x\ny\n", "auto", "a"),
                       "line 2: the quotes that begin there never end"));
  EXPECT_TRUE(contains(error("a.csv", "a\n\"x\ny\"z\n", "auto", "a"),
                       "line 3: something follows the closing quote"));
  EXPECT_TRUE(
      contains(error("a.csv", "a,a\n1,2\n", "auto", "a"), "several columns are called 'a'"));
  EXPECT_TRUE(
      contains(error("a.csv", ""), "the file is empty; its first line must name the columns"));
  EXPECT_TRUE(contains(error("a.csv", "a\n"), "the text is empty"));
  EXPECT_TRUE(contains(error("a.csv", "a,b\nxy,\xFFz\n", "auto", "a"),
                       "a.csv: not valid UTF-8 at byte offset 7"));
}

TEST_F(DocumentsOf, JsonLinesHaveAKey) {
  const std::string jsonl =
      "{\"text\": \"one\", \"n\": 1}\n\n{\"inner\": {\"text\": \"no\"}, \"text\": "
      "\"a\\n\\u00e9\\ud83d\\ude00\"}\r\n{\"text\":\"\"}\n"
      "{\"text\": \"first\", \"text\": \"last\"}";
  EXPECT_EQ(texts("a.jsonl", jsonl, "auto", "text"), (Texts{"one", "a\né😀", "last"}));
}

TEST_F(DocumentsOf, JsonLinesAreRefusedWithTheLine) {
  const std::string good = "{\"text\": \"one\"}\n";
  const auto refused = [&](const std::string& line) {
    return error("a.jsonl", good + line, "auto", "text");
  };
  EXPECT_TRUE(
      contains(refused("{\"texts\": \"a\", \"b\": 1}"),
               "a.jsonl: line 2: there is no key 'text' (data.column); its keys are 'texts', 'b'"));
  EXPECT_TRUE(contains(refused("{\"text\": 5}"), "line 2: 'text' is a number, not a text"));
  EXPECT_TRUE(contains(refused("{\"text\": null}"), "line 2: 'text' is null, not a text"));
  EXPECT_TRUE(contains(refused("{\"text\": [\"a\"]}"), "line 2: 'text' is an array, not a text"));
  EXPECT_TRUE(contains(refused("\n{\"text\": \"a"), "line 3: not valid JSON at its byte"));
  EXPECT_TRUE(contains(refused("{\"text\": \"\\ud800\"}"), "line 2: not valid JSON"));
  EXPECT_TRUE(contains(refused("[1]"), "line 2: not a JSON object"));
  EXPECT_TRUE(contains(refused("{\"text\": \"a\xC3(\"}"), "not valid UTF-8 at byte offset 27"));
  EXPECT_TRUE(
      contains(error("a.jsonl", good),
               "say which key holds the text with --data.column=NAME; its keys are 'text'"));
  EXPECT_TRUE(contains(error("a.jsonl", "\n\n", "auto", "text"), "the file is empty"));
}

TEST_F(DocumentsOf, JsonLinesMayHaveWhatPythonWritesInOtherKeys) {
  const std::string python =
      R"({"a": NaN, "b": [-Infinity, Infinity, 1e400, -1.5e-999], "text": "one NaN"})"
      "\n"
      R"({"text": "two \ud83d\ude00", "a": "\ud83d", "\udc00": {"text": "\ud800 x"}})"
      "\n"
      R"({"a": "\\ud800 \" NaN", "b": NaN, "text": "three \\ud800"})";
  EXPECT_EQ(texts("a.jsonl", python, "auto", "text"),
            (Texts{"one NaN", "two 😀", "three \\ud800"}));
  const auto refused = [&](const std::string& line) {
    return error("a.jsonl", line, "auto", "text");
  };
  EXPECT_TRUE(contains(refused(R"({"a": NaN, "text": "\ud800"})"), "half of a surrogate pair"));
  EXPECT_TRUE(contains(refused(R"({"text": NaN})"), "'text' is a number, not a text"));
  for (const std::string wrong :
       {R"({"a": NaNa, "text": "x"})", R"({"a": 012, "text": "x"})",
        R"({"a": 1e400.5, "text": "x"})", R"({"a": nan, "text": "x"})",
        R"({"a": 1NaN, "text": "x"})", R"({"a": -NaN, "text": "x"})",
        R"({"a": --Infinity, "text": "x"})", R"({"a": 12Infinity, "text": "x"})",
        R"({"a": 1eNaN, "text": "x"})", R"({"a": NaN.5, "text": "x"})",
        R"({"a": Infinitye5, "text": "x"})", R"({"a": NaN,, "text": "x"})",
        R"({"a": "\ud8", "text": "x"})", R"({"a": "\ud800)"}) {
    EXPECT_TRUE(contains(refused(wrong), "line 1: not valid JSON at its byte")) << wrong;
  }
}

TEST_F(DocumentsOf, JsonLinesWithoutATextAreLeftOutAndCountedIfThatIsSaid) {
  write(folder_ / "a.jsonl",
        "{\"text\": \"one\"}\n{\"text\": null}\n{\"other\": 1}\n{\"text\": \"two\"}\n");
  DatasetSpec spec{.path = (folder_ / "a.jsonl").string(), .column = "text"};
  EXPECT_TRUE(contains(message_of<std::runtime_error>([&] { (void)open_documents(spec); }),
                       "line 2: 'text' is null, not a text; its keys are 'text'; leave such lines "
                       "out, counted, with --data.missing=skip"));
  spec.skip_missing = true;
  const testing::CapturedLog log;
  EXPECT_EQ(texts_of(open_documents(spec)), (Texts{"one", "two"}));
  EXPECT_EQ(log.count("a.jsonl: 2 records without a text left out"), 1);
  write(folder_ / "a.jsonl", "{\"text\": 5}\n");
  EXPECT_TRUE(contains(message_of<std::runtime_error>([&] { (void)open_documents(spec); }),
                       "'text' is a number, not a text"));
}

TEST_F(DocumentsOf, OtherFilesAreRefusedByWhatTheyAre) {
  EXPECT_TRUE(
      contains(error("a.gzip", gzipped("one\ntwo")), "a.gzip: it is compressed by gzip, not text"));
  EXPECT_TRUE(contains(error("a.txt", zstd_packed("one")), "it is compressed by zstd, not text"));
  using namespace std::string_view_literals;
  EXPECT_TRUE(contains(error("a.csv", "t\0e\0x\0t\0\n\0a\0\n\0"sv), "it is text in UTF-16LE"));
  EXPECT_TRUE(contains(error("a.txt.gz", gzipped("PK\3\4rest")), "it is a ZIP archive"));
  EXPECT_TRUE(contains(error("a.txt", "it\x92s"), "iconv -f WINDOWS-1252"));
}

TEST_F(DocumentsOf, CompressedFilesAreReadByTheirNames) {
  EXPECT_EQ(texts("a.txt.gz", gzipped("one\ntwo")), (Texts{"one\ntwo"}));
  EXPECT_EQ(texts("b.txt.gz", gzipped("one\n") + gzipped("two")), (Texts{"one\ntwo"}));
  EXPECT_EQ(texts("a.txt.zst", zstd_packed("one\ntwo")), (Texts{"one\ntwo"}));
  EXPECT_EQ(texts("b.txt.zst", zstd_packed("one\n") + zstd_packed("two"), "lines"),
            (Texts{"one", "two"}));
  EXPECT_EQ(texts("a.csv.gz", gzipped("text\none\ntwo\n")), (Texts{"one", "two"}));
  EXPECT_EQ(texts("a.jsonl.zst", zstd_packed("{\"t\":\"x\"}\n"), "auto", "t"), (Texts{"x"}));
  EXPECT_EQ(texts("d.CSV.GZ", gzipped("text\none\n")), (Texts{"one"}));
  const std::string zeros(3000, '\0');
  EXPECT_EQ(texts("e.txt.gz", gzipped("one\n") + zeros), (Texts{"one\n"}));
  EXPECT_EQ(texts("e.txt.gz", gzipped("one\n") + zeros + gzipped("two") + zeros),
            (Texts{"one\ntwo"}));
  EXPECT_TRUE(
      contains(error("e.txt.gz", gzipped("one\n") + zeros + "something else"), "not a sound gzip"));
  const std::string skipped("\x50\x2A\x4D\x18\3\0\0\0abc", 11);  // a frame of metadata
  EXPECT_EQ(texts("e.txt.zst", skipped + zstd_packed("one") + skipped), (Texts{"one"}));
  std::string large;
  for (std::uint64_t i = 0; i < 400'000; ++i) large += std::to_string(i * 7919) + "\n";
  EXPECT_TRUE(texts("c.txt.gz", gzipped(large)) == Texts{large});
  EXPECT_TRUE(texts("c.txt.zst", zstd_packed(large)) == Texts{large});
  EXPECT_TRUE(texts("f.txt.zst", zstd_packed_in_window(large, 30)) == Texts{large});
}

TEST_F(DocumentsOf, CompressedTextHasTheHashOfItsText) {
  EXPECT_EQ(open("a.txt.gz", gzipped("one\ntwo")).hash(), open("a.txt", "one\ntwo").hash());
}

TEST_F(DocumentsOf, DamagedFilesAreRefused) {
  const std::string gz = gzipped("one\ntwo and some more");
  EXPECT_TRUE(contains(error("a.gz", gz.substr(0, gz.size() - 9)), "the gzip file is cut short"));
  EXPECT_TRUE(contains(error("a.gz", "no gzip"), "not a sound gzip file"));
  EXPECT_TRUE(contains(error("a.gz", ""), "the gzip file is cut short"));
  const std::string zst = zstd_packed("one\ntwo and some more");
  EXPECT_TRUE(
      contains(error("a.zst", zst.substr(0, zst.size() - 3)), "the zstd file is cut short"));
  EXPECT_TRUE(contains(error("a.zst", "no zstd file"), "not a sound zstd file"));
}

TEST_F(DocumentsOf, WhatIsDecompressedHasALimit) {
  const std::string text(3000, 'a');
  for (const auto& [name, packed] :
       {std::pair("a.txt.gz", gzipped(text)), std::pair("a.txt.zst", zstd_packed(text))}) {
    write(folder_ / "d" / name, packed);
    DatasetSpec spec{.path = (folder_ / "d" / name).string(), .cache = (folder_ / "d").string()};
    spec.max_decompressed = 2999;
    EXPECT_EQ(message_of<std::runtime_error>([&] { (void)open_documents(spec); }),
              spec.path + ": " + std::to_string(packed.size()) +
                  " compressed bytes became more than 2999, the limit; if the text is as large as "
                  "that, raise it with --data.max_decompressed_bytes=N");
    std::filesystem::remove(spec.path);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "d"));  // no part of an index
    write(spec.path, packed);
    spec.max_decompressed = 3000;
    EXPECT_EQ(open_documents(spec).bytes(), 3000U);
    std::filesystem::remove_all(folder_ / "d");
  }
  // All files of a folder together; those that are not compressed do not count.
  for (const char* const name : {"a.txt.gz", "b.txt.gz"}) {
    write(folder_ / "d" / name, gzipped(text));
  }
  write(folder_ / "d/c.txt", text);
  DatasetSpec spec{.path = (folder_ / "d").string(), .max_decompressed = 5999};
  EXPECT_TRUE(
      contains(message_of<std::runtime_error>([&] { (void)open_documents(spec); }), "b.txt.gz: "));
  spec.max_decompressed = 6000;
  EXPECT_EQ(open_documents(spec).count(), 3U);
}

TEST(DecompressedBytes, MayBeAGiBOrAHundredTimesTheFiles) {
  const auto refuses = [](std::uint64_t compressed, std::uint64_t bytes) -> bool {
    DecompressedBytes counted(compressed, 0);
    return contains(message_of<std::runtime_error>([&] { counted.count(bytes, "a.gz"); }),
                    "--data.max_decompressed_bytes=N");
  };
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  EXPECT_FALSE(refuses(1, kGiB));
  EXPECT_TRUE(refuses(1, kGiB + 1));
  EXPECT_FALSE(refuses(kGiB, 100 * kGiB));
  EXPECT_TRUE(refuses(kGiB, 100 * kGiB + 1));
}

TEST_F(DocumentsOf, ALargeTextOfASmallFileIsIndexedOnTheDisk) {
  const std::string text(std::size_t{65} << 20, 'a');
  EXPECT_EQ(open("a.txt.zst", zstd_packed(text)).bytes(), text.size());
  const auto names = std::filesystem::directory_iterator(folder_.path());
  EXPECT_TRUE(std::ranges::any_of(
      names, [](const auto& entry) { return entry.path().extension() == kIndexSuffix; }));
}

TEST_F(DocumentsOf, HashesTellDocumentsFromOneText) {
  const std::string lines = open("a.txt", "one\ntwo", "lines").hash();
  EXPECT_NE(lines, open("a.txt", "one\ntwo").hash());
  EXPECT_EQ(lines, open("b.txt.gz", gzipped("one\ntwo"), "lines").hash());
  EXPECT_EQ(open("a.csv", "t\none\n\"two\"\n").hash(),
            open("a.jsonl", "{\"t\":\"one\"}\n{\"t\":\"two\"}\n", "auto", "t").hash());
  EXPECT_NE(open("a.csv", "t\n\"one\ntwo\"\nx\n").hash(),
            open("a.csv", "t\none\n\"two\nx\"\n").hash());
}

TEST_F(DocumentsOf, EncodingIsRefusedWithTheFileAndTheOffsetInIt) {
  write(folder_ / "d/a.txt", "good");
  write(folder_ / "d/b.txt", "b\xE9");
  const std::string message = message_of<std::runtime_error>(
      [&] { (void)open_documents(DatasetSpec{.path = (folder_ / "d").string()}); });
  EXPECT_TRUE(contains(message, "d/b.txt: not valid UTF-8 at byte offset 1; convert it"));
}

TEST_F(DocumentsOf, EveryWrongPathHasItsSentence) {
  EXPECT_TRUE(contains(error("a.txt", ""), "a.txt: the text is empty"));
  EXPECT_TRUE(contains(error("a.txt", "\n\n", "lines"), "it holds no document that is not empty"));
  const std::string missing =
      message_of<std::runtime_error>([] { (void)open_documents(DatasetSpec{.path = "no/such"}); });
  EXPECT_TRUE(contains(missing, "no/such: there is no such file or folder; see whether the path"));
  EXPECT_EQ(missing.find("built-in"), std::string::npos) << "of no use to a checkpoint's recipe";
  fs::create_directories(folder_ / "empty");
  EXPECT_TRUE(contains(message_of<std::runtime_error>([&] {
                         (void)open_documents(DatasetSpec{.path = (folder_ / "empty").string()});
                       }),
                       "the folder holds no files"));
  write(folder_ / "mixed/a.csv", "text\nx\n");
  write(folder_ / "mixed/b.txt", "x");
  EXPECT_TRUE(contains(message_of<config::UsageError>([&] {
                         (void)open_documents(DatasetSpec{.path = (folder_ / "mixed").string()});
                       }),
                       "the folder holds csv (a.csv) and text (b.txt); say what its files are with "
                       "--data.format=FORMAT"));
  EXPECT_TRUE(contains(error("a.bin", "abcd"), "token files hold no text"));
  EXPECT_TRUE(
      contains(message_of<config::UsageError>([] { (void)open_documents(config::DataOptions{}); }),
               "data.path names no dataset"));
}

TEST_F(DocumentsOf, MaxCharactersCutsTheText) {
  write(folder_ / "a.txt", "aéb\nc");
  const auto first = [&](std::uint64_t n, const std::string& format = "auto") {
    return open_documents(
        DatasetSpec{.path = (folder_ / "a.txt").string(), .format = format, .max_characters = n});
  };
  EXPECT_EQ(texts_of(first(2)), (Texts{"aé"}));
  EXPECT_EQ(texts_of(first(5, "lines")), (Texts{"aéb", "c"}));
  EXPECT_EQ(texts_of(first(2, "lines")), (Texts{"aé"}));
  EXPECT_EQ(texts_of(first(99)), (Texts{"aéb\nc"}));
  EXPECT_EQ(first(2).hash(), proto::hex16(proto::xxh64(std::string_view("aé"))));
}

}  // namespace
}  // namespace millrace::datasets
