// Cutting a run's files back to a step, and appending to them.
#include "trainer/run/append_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"
#include "trainer/run/sample_log.h"

namespace millrace::trainer {
namespace {

struct AppendLogTest : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path path = folder / "record";
  void write(const std::string& text) const { std::ofstream(path) << text; }
  [[nodiscard]] std::string content() const { return proto::read_file(path); }
};

TEST_F(AppendLogTest, TruncationKeepsLinesUpToTheStep) {
  write("1 a\n2 b\n3 c\n10 d\n");
  truncate_after(path, 3, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n2 b\n3 c\n");
}

TEST_F(AppendLogTest, TruncationKeepsTheOrderOfLines) {
  write("1 a\n2 b\n1 c\n2 d\n1 e\n");
  truncate_after(path, 1, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n1 c\n1 e\n");
}

TEST_F(AppendLogTest, TruncationDropsLinesWithoutNewlineOrStep) {
  write("1 a\nwhat\n\n1 c");
  truncate_after(path, 9, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n");
}

TEST_F(AppendLogTest, TruncationToStepZeroEmptiesTheFile) {
  write("1 a\n2 b\n");
  truncate_after(path, 0, step_of_record_line);
  EXPECT_EQ(content(), "");
}

TEST_F(AppendLogTest, AFileThatIsNoLogIsNotCut) {
  for (const std::string mine : {"mine\n", "mine", "\n1 a\n", "{\"lr\": 1}", "alias l=ls\n1 a\n"}) {
    write(mine);
    EXPECT_THROW(truncate_after(path, 9, step_of_record_line), NotALog) << mine;
    EXPECT_EQ(content(), mine);
  }
}

TEST_F(AppendLogTest, ALogCutInItsFirstLineIsEmptied) {
  for (const std::string& cut : {std::string("1"), std::string(R"({"st)"),
                                 std::string(R"({"step":1,"split)"), std::string(3, '\0')}) {
    write(cut);
    truncate_after(path, 9, step_of_record_line);
    EXPECT_EQ(content(), "");
  }
}

TEST_F(AppendLogTest, TruncationCreatesAMissingFile) {
  truncate_after(path, 0, step_of_record_line);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(AppendLogTest, TwoAppendersDoNotOverwriteEachOther) {
  AppendLog first(path), second(path);
  first.append("1 a\n");
  second.append("1 b\n1 c\n");
  first.append("2 d\n");
  EXPECT_EQ(content(), "1 a\n1 b\n1 c\n2 d\n");
}

TEST_F(AppendLogTest, ARemovedFileIsMadeAnew) {
  const std::filesystem::path inside = folder / "out/record";
  std::filesystem::create_directory(folder / "out");
  AppendLog log(inside);
  log.append("1 a\n");
  std::filesystem::remove_all(folder / "out");
  log.append("2 b\n");
  log.append("3 c\n");
  EXPECT_EQ(proto::read_file(inside), "2 b\n3 c\n");
}

TEST_F(AppendLogTest, AFileReplacedByRenamingIsFollowed) {
  AppendLog log(path);
  log.append("1 a\n");
  std::ofstream(folder / "edited") << "1 A\n";
  std::filesystem::rename(folder / "edited", path);
  log.append("2 b\n");
  EXPECT_EQ(content(), "1 A\n2 b\n");
}

TEST_F(AppendLogTest, AMissingFolderIsNamed) {
  try {
    AppendLog appender(folder / "missing/record");
    FAIL() << "a file was opened in a folder that is not there";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("missing/record: cannot open: "), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace millrace::trainer
