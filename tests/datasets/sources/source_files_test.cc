// Which files a dataset is: by paths, links, names, and what lies in a folder without belonging.
#include "datasets/sources/source_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/errors.h"
#include "datasets/open/documents.h"
#include "tests/datasets/text_files.h"
#include "tests/support/captured_log.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using Names = std::vector<std::string>;

class SourcesOf : public testing::DatasetFiles {
 protected:
  [[nodiscard]] SourceFiles find(const std::string& name,
                                 const std::string& format = "auto") const {
    return find_sources({.path = path(name), .format = format});
  }
  [[nodiscard]] Names names(const std::string& name, const std::string& format = "auto") const {
    Names all;
    for (const SourceFile& each : find(name, format).files) {
      all.push_back(each.path.lexically_relative(path(name)).string());
    }
    return all;
  }
  template <class Error = std::runtime_error>
  [[nodiscard]] std::string refusal(const std::string& name) const {
    return testing::message_of<Error>([&] { (void)find(name); });
  }
};

TEST_F(SourcesOf, DotsBehindALinkLeadWhereTheSystemSays) {
  fs::create_directories(path("else/deep"));
  fs::create_directory_symlink("else/deep", path("link"));
  write("else/x.txt", "right");
  write("x.txt", "wrong");
  const auto text_of = [&](const std::string& name) {
    return std::string(open_documents(DatasetSpec{.path = path(name)}).text()->text());
  };
  EXPECT_EQ(text_of("link/../x.txt"), "right");
  EXPECT_EQ(text_of("else/../x.txt"), "wrong");
  EXPECT_EQ(find("link/../x.txt").name, "x.txt");
  EXPECT_EQ(find("else/./../x.txt").path, path("x.txt"));
  EXPECT_EQ(find("link/..").name, "else");
}

TEST_F(SourcesOf, LinksToFoldersAreFollowed) {
  write("real/b.txt", "b");
  write("d/a.txt", "a");
  fs::create_directory_symlink("../real", path("d/more"));
  fs::create_symlink("../../real/b.txt", path("d/c.txt"));
  EXPECT_TRUE(contains(refusal("d"),
                       "d/c.txt: this link leads to ../../real/b.txt, which cannot "
                       "be reached (No such file or directory)"));
  fs::remove(path("d/c.txt"));
  EXPECT_EQ(names("d"), (Names{"a.txt", "more/b.txt"}));
  fs::create_directory_symlink("../d", path("d/self"));
  EXPECT_TRUE(contains(refusal("d"), "d/self: this is the same folder as"));
  fs::remove(path("d/self"));
  fs::create_directory_symlink("../real", path("d/again"));
  EXPECT_TRUE(contains(refusal("d"), "so its files would be read twice"));
}

TEST_F(SourcesOf, WhatOtherProgramsLeaveBehindIsLeftOutAndSaid) {
  for (const char* const name : {"_SUCCESS", "Thumbs.db", "a.csv~", "b.csv.tmp", "_committed_17"}) {
    write("d/" + std::string(name), "text\nno\n");
  }
  write("d/_a.csv", "text\nyes\n");
  write("d/sub/b.csv", "text\nyes\n");
  const testing::CapturedLog log;
  EXPECT_EQ(names("d"), (Names{"_a.csv", "sub/b.csv"}));
  EXPECT_EQ(log.count("left out, as other programs leave them behind: 'Thumbs.db', '_SUCCESS', "
                      "'_committed_17', 'a.csv~', 'b.csv.tmp'"),
            1);
  EXPECT_EQ(find("d/a.csv~").files.size(), 1U) << "named by itself it is a dataset";
}

TEST_F(SourcesOf, EndingsAreComparedWithoutCase) {
  EXPECT_EQ(find_sources({.path = write("A.CSV", "text\nx\n")}).format->name, "csv");
  EXPECT_EQ(find_sources({.path = write("A.Jsonl.GZ", "")}).format->name, "jsonl");
  EXPECT_EQ(find_sources({.path = write("A.TXT", "x")}).format->name, "text");
  EXPECT_EQ(find_sources({.path = write("A.BIN", "xx")}).format->name, "tokens");
}

TEST_F(SourcesOf, TablesThatWouldBeReadAsTextMustBeSaid) {
  write("a.json", "{}\n");
  write("a.tsv", "id\ttext\n");
  EXPECT_TRUE(contains(refusal<config::UsageError>("a.json"), "--data.format=jsonl"));
  EXPECT_TRUE(contains(refusal<config::UsageError>("a.tsv"), "make it CSV"));
  EXPECT_EQ(find("a.json", "jsonl").format->name, "jsonl");
  EXPECT_EQ(find("a.tsv", "text").format->name, "text");
}

TEST_F(SourcesOf, AFolderOfTokenFilesMustBeSaid) {
  write("tok/train.bin", "xx");
  write("tok/meta.json", "{\"format\": \"millrace tokens 1\"}");
  write("nano/train_000000.bin", "xx");
  write("nano/meta.pkl", "x");
  for (const char* const name : {"tok", "nano"}) {
    EXPECT_TRUE(contains(refusal<config::UsageError>(name),
                         "the folder holds token files; say so with --data.format=token_folder"));
    EXPECT_EQ(find(name, "token_folder").format->name, "token_folder");
  }
}

TEST_F(SourcesOf, PipesAndDevicesAreRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(contains(refusal("pipe"), "pipe: it is a pipe, and a dataset must be a file"));
  EXPECT_TRUE(contains(
      testing::message_of<std::runtime_error>([] { (void)find_sources({.path = "/dev/zero"}); }),
      "/dev/zero: it is a device"));
  write("d/a.txt", "a");
  ASSERT_EQ(::mkfifo(path("d/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(contains(refusal("d"), "d/pipe: neither a file nor a folder"));
}

TEST_F(SourcesOf, TheStateTellsFilesOfTheSameSizeAndTimeApart) {
  write("a/t.txt", "one");
  write("b/t.txt", "two");
  fs::last_write_time(path("b/t.txt"), fs::last_write_time(path("a/t.txt")));
  SourceFiles a = find("a/t.txt");
  SourceFiles b = find("b/t.txt");
  EXPECT_EQ(a.state(), find("a/t.txt").state());
  EXPECT_NE(a.state(), b.state());
  // Also where the file system says the same about both.
  for (SourceFile* const each : {&a.files.front(), &b.files.front()}) {
    each->inode = 0;
    each->changed_ns = 0;
  }
  EXPECT_NE(a.state(), b.state());
}

TEST_F(SourcesOf, TheProbeOfManyFilesReadsAllOfThem) {
  std::string large(300'000, 'a');
  write("a/1.txt", large);
  write("a/2.txt", large);
  const std::string before = find("a").state();
  const auto line = [](const std::string& state) { return state.substr(state.find("probe")); };
  write("a/3.txt", "");
  EXPECT_EQ(line(find("a").state()), line(before));
  large.replace(100'000, 50'000, 50'000, 'b');
  write("a/2.txt", large);
  EXPECT_NE(line(find("a").state()), line(before));
}

}  // namespace
}  // namespace millrace::datasets
