// The table of file formats agrees with the recipe's keys; and the format that
// docs/how-to/add_a_dataset_format.md adds works, from files to tokens.
#include "datasets/sources/formats.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/key_conditions.h"
#include "config/keys.h"
#include "config/stream_keys.h"
#include "datasets/index/open_text.h"
#include "datasets/io/byte_source.h"
#include "datasets/open/documents.h"
#include "datasets/open/open_characters.h"
#include "datasets/sources/jsonl_reader.h"
#include "tests/datasets/sources/fortune_reader.h"
#include "tests/datasets/text_files.h"
#include "tests/support/quotes.h"

namespace millrace::datasets {
namespace {

using Texts = std::vector<std::string>;

TEST(FileFormats, AreTheChoicesOfDataFormat) {
  std::vector<std::string_view> names{"auto"};
  for (const FileFormat& format : file_formats()) names.push_back(format.name);
  names.emplace_back("markov");  // a generated text (providers/markov/)
  const auto& kind = std::get<config::StringKind>(config::find_key("data.format")->kind);
  EXPECT_EQ(kind.choices, names) << "config/keys.cc and datasets/sources/formats.cc differ";
}

TEST(FileFormats, WithSplitsOfTheirOwnDoNotCountTheFractions) {
  for (const FileFormat& format : file_formats()) {
    config::Options options;
    options.provider.name = "tokens";
    options.data.format = std::string(format.name);
    options.data.test_fraction = 0.1;
    const bool has_splits =
        format.content == Content::kText8 || format.content == Content::kTokenFolder;
    EXPECT_EQ(config::val_fraction_counts(options), !has_splits) << format.name;
    EXPECT_EQ(config::test_fraction_counts(options), !has_splits) << format.name;
  }
}

/// config cannot include this table, so which keys a format reads is a list of its own.
TEST(FileFormats, HaveTheirKeysListed) {
  const auto expect_keys = [](const config::Options& options, const FileFormat& format,
                              const std::string& where) {
    EXPECT_EQ(config::may_have_records(options), format.has_records()) << where;
    EXPECT_EQ(config::may_have_json(options), format.make_reader == make_jsonl_reader) << where;
    EXPECT_EQ(config::may_have_ids(options), format.holds_tokens()) << where;
  };
  for (const FileFormat& format : file_formats()) {
    config::Options options;
    options.data.path = "x.txt";
    options.data.format = std::string(format.name);
    expect_keys(options, format, options.data.format);
    options.data.format = "auto";
    for (const std::string_view ending : format.endings) {
      for (const char* const compression : {"", ".gz", ".zst", ".GZ"}) {
        options.data.path = "x" + std::string(ending) + compression;
        EXPECT_EQ(compression_of(*options.data.path) == Compression::kNone, *compression == '\0');
        expect_keys(options, format, *options.data.path);
      }
    }
  }
}

TEST(FileFormats, HaveNamesAndEndingsOfTheirOwnAndAReaderForText) {
  std::vector<std::string_view> names;
  for (const FileFormat& format : file_formats()) {
    names.push_back(format.name);
    names.insert(names.end(), format.endings.begin(), format.endings.end());
    EXPECT_EQ(format.make_reader == nullptr, format.holds_tokens()) << format.name;
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

/// The formats of the table, and one more.
std::vector<FileFormat> with_fortune() {
  using enum Content;
  using enum DocumentUnit;
  std::vector<FileFormat> formats = {
      {"fortune", {".fortune"}, kText, kRecord, make_fortune_reader},
  };
  formats.insert(formats.begin(), file_formats().begin(), file_formats().end());
  return formats;
}

class FortuneFormat : public testing::DatasetFiles {
 protected:
  static SourceFiles find(const std::string& file, const std::string& format = "auto") {
    static const std::vector<FileFormat> formats = with_fortune();
    return find_sources({.path = file, .format = format}, formats);
  }
  static Texts texts_of(const SourceFiles& sources) {
    const Documents documents(open_text(sources, {.path = sources.path.string()}), sources);
    Texts texts;
    for (std::uint64_t i = 0; i < documents.count(); ++i) {
      texts.emplace_back(documents.document(i));
    }
    return texts;
  }
};

TEST_F(FortuneFormat, GivesTheTextsBetweenTheMarks) {
  const std::string content = "%\none\ntwo\n%\n%\n%three\n\n%\nlast";
  const Texts expected{"one\ntwo\n", "%three\n\n", "last"};
  EXPECT_EQ(texts_of(find(write("a.fortune", content))), expected);
  EXPECT_EQ(texts_of(find(write("a.txt", content), "fortune")), expected);
  EXPECT_EQ(texts_of(find(write("a.txt", content))), Texts{content}) << "the ending decides";
}

TEST_F(FortuneFormat, DoesNotDependOnThePieces) {
  struct Joined final : DocumentSink {
    std::string text;
    void begin_document() override { text += '<'; }
    void append(std::string_view piece) override { text += piece; }
    void end_document() override { text += '>'; }
  };
  const std::string content = "%\none\ntwo\n%\nlast\n%";
  for (std::size_t piece = 1; piece <= content.size(); ++piece) {
    Joined sink;
    const auto reader = make_fortune_reader(sink, "place", "");
    for (std::size_t at = 0; at < content.size(); at += piece) {
      reader->take(std::string_view(content).substr(at, piece));
    }
    reader->finish();
    EXPECT_EQ(sink.text, "<><one\ntwo\n><last\n><>") << piece;
  }
}

TEST_F(FortuneFormat, IsADatasetOfDocuments) {
  write("d/a.fortune", "one\n%\ntwo\n");
  write("d/b.fortune", "three\n%\nfour\n");
  const SourceFiles sources = find(path("d"));
  EXPECT_EQ(sources.format->name, "fortune");
  const NamedSpec named{{}, {.path = path("d")}};
  const auto text = open_characters({&named, 1}, {&sources, 1}, {.shares = {0.5, 0}}).front().text;
  EXPECT_EQ(testing::spelled(*text), "one\ntwo\n");
  EXPECT_EQ(testing::spelled(*text, proto::Split::kVal), "three\nfour\n");
  EXPECT_EQ(testing::starts_of(*text, proto::Split::kVal), (std::vector<std::uint64_t>{0, 6}));
}

TEST(Docs, AddADatasetFormatQuotesTheExampleThatIsBuilt) {
  testing::expect_true_quotes("how-to/add_a_dataset_format.md", 2);
}

}  // namespace
}  // namespace millrace::datasets
