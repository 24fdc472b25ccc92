// Cutting a run's files back to a step, and appending to them.
#include "trainer/run/append_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"
#include "trainer/run/sample_log.h"

namespace millrace::trainer {
namespace {

struct LineFile : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path path = folder / "record";
  void write(const std::string& text) const { std::ofstream(path) << text; }
  [[nodiscard]] std::string content() const { return proto::read_file(path); }
};

TEST_F(LineFile, LeavesLinesUpToTheStep) {
  write("1 a\n2 b\n3 c\n10 d\n");
  truncate_after(path, 3, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n2 b\n3 c\n");
}

TEST_F(LineFile, KeepsTheOrderOfRanksThatShareIt) {
  write("1 a\n2 b\n1 c\n2 d\n1 e\n");
  truncate_after(path, 1, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n1 c\n1 e\n");
}

TEST_F(LineFile, DropsALineWithoutEndAndOneWithoutStep) {
  write("1 a\nwhat\n\n1 c");
  truncate_after(path, 9, step_of_record_line);
  EXPECT_EQ(content(), "1 a\n");
}

TEST_F(LineFile, AFreshStartEmptiesIt) {
  write("1 a\n2 b\n");
  truncate_after(path, 0, step_of_record_line);
  EXPECT_EQ(content(), "");
}

TEST_F(LineFile, IsMadeWhereItIsMissing) {
  truncate_after(path, 0, step_of_record_line);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(LineFile, TwoAppendersDoNotOverwriteEachOther) {
  AppendLog first(path), second(path);
  first.append("1 a\n");
  second.append("1 b\n1 c\n");
  first.append("2 d\n");
  EXPECT_EQ(content(), "1 a\n1 b\n1 c\n2 d\n");
}

TEST_F(LineFile, AFolderThatIsNotThereIsNamed) {
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
