// Cutting a run's files back to a step, and appending to them.
#include "trainer/run/append_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

/// Of lines "STEP TEXT".
std::optional<std::uint64_t> step_of_line(std::string_view line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  return base::parse_number<std::uint64_t>(line.substr(0, end));
}

struct AppendLogTest : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path path = folder / "record";
  void write(const std::string& text) const { std::ofstream(path) << text; }
  [[nodiscard]] std::string content() const { return proto::read_file(path); }
};

TEST_F(AppendLogTest, TruncationKeepsLinesUpToTheStep) {
  write("1 a\n2 b\n3 c\n10 d\n");
  truncate_after(path, 3, step_of_line);
  EXPECT_EQ(content(), "1 a\n2 b\n3 c\n");
}

TEST_F(AppendLogTest, TruncationKeepsTheOrderOfLines) {
  write("1 a\n2 b\n1 c\n2 d\n1 e\n");
  truncate_after(path, 1, step_of_line);
  EXPECT_EQ(content(), "1 a\n1 c\n1 e\n");
}

TEST_F(AppendLogTest, TruncationDropsLinesWithoutNewlineOrStep) {
  write("1 a\nwhat\n\n1 c");
  truncate_after(path, 9, step_of_line);
  EXPECT_EQ(content(), "1 a\n");
}

TEST_F(AppendLogTest, TruncationGoesThroughALongFile) {
  std::string all, kept;
  for (int i = 0; i < 40'000; ++i) {
    const int step = i % 3 == 0 ? 1 : 2;
    const std::string line =
        std::to_string(step) + " " + std::string(static_cast<std::size_t>(i % 200), 'x') + "\n";
    all += line;
    if (step == 1) kept += line;
  }
  write(all + "1 " + std::string(200'000, 'x'));
  truncate_after(path, 1, step_of_line);
  EXPECT_TRUE(content() == kept);
  truncate_after(path, 1, step_of_line);
  EXPECT_TRUE(content() == kept);
}

TEST_F(AppendLogTest, TruncationToStepZeroEmptiesTheFile) {
  write("1 a\n2 b\n");
  truncate_after(path, 0, step_of_line);
  EXPECT_EQ(content(), "");
}

TEST_F(AppendLogTest, AFileThatIsNoLogIsNotCut) {
  for (const std::string mine : {"mine\n", "mine", "\n1 a\n", "{\"lr\": 1}", "alias l=ls\n1 a\n"}) {
    write(mine);
    EXPECT_THROW(truncate_after(path, 9, step_of_line), NotALog) << mine;
    EXPECT_EQ(content(), mine);
  }
  const std::string numbers(100'000, '7');  // in one line, and so no line of ours that was cut
  write(numbers);
  EXPECT_THROW(require_log(path, step_of_line), NotALog);
  EXPECT_THROW(truncate_after(path, 9, step_of_line), NotALog);
  EXPECT_EQ(content(), numbers);
}

TEST_F(AppendLogTest, OnlyTheBeginningOfAFileIsReadToSeeWhetherItIsALog) {
  write("1 a\n");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 42);  // more than there is memory
  EXPECT_NO_THROW(require_log(path, step_of_line));
}

TEST_F(AppendLogTest, ALinkIsNotFollowed) {
  const std::filesystem::path theirs = folder / "theirs";
  for (const bool dangles : {false, true}) {
    if (!dangles) std::ofstream(theirs) << "1 a\n2 b\n";
    std::filesystem::create_symlink(theirs, path);
    EXPECT_THROW(require_log(path, step_of_line), NotALog);
    EXPECT_THROW(truncate_after(path, 1, step_of_line), std::runtime_error);
    EXPECT_THROW(AppendLog{path}, std::runtime_error);
    if (!dangles) {
      EXPECT_EQ(proto::read_file(theirs), "1 a\n2 b\n");
    }
    std::filesystem::remove(theirs);
    std::filesystem::remove(path);
  }
  EXPECT_FALSE(std::filesystem::exists(theirs));
}

TEST_F(AppendLogTest, ALinkOfTheUsersOwnIsFollowed) {
  const std::filesystem::path real = folder / "real";
  std::ofstream(real) << "1 a\n2 b\n";
  std::filesystem::create_symlink(real, path);
  truncate_after(path, 1, step_of_line, LogLinks::kFollowed);
  AppendLog log(path, LogLinks::kFollowed);
  log.append("2 c\n");
  EXPECT_EQ(proto::read_file(real), "1 a\n2 c\n");
}

TEST_F(AppendLogTest, ALinkThatReplacesTheFileIsNotFollowed) {
  AppendLog log(path);
  log.append("1 a\n");
  const std::filesystem::path theirs = folder / "theirs";
  std::filesystem::rename(path, theirs);
  std::filesystem::create_symlink(theirs, path);
  EXPECT_THROW(log.append("2 b\n"), std::runtime_error);
  EXPECT_EQ(proto::read_file(theirs), "1 a\n");
}

TEST_F(AppendLogTest, ALogCutInItsFirstLineIsEmptied) {
  for (const std::string& cut : {std::string("1"), std::string(R"({"st)"),
                                 std::string(R"({"step":1,"split)"), std::string(3, '\0')}) {
    write(cut);
    truncate_after(path, 9, step_of_line);
    EXPECT_EQ(content(), "");
  }
}

TEST_F(AppendLogTest, TruncationCreatesAMissingFile) {
  truncate_after(path, 0, step_of_line);
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
