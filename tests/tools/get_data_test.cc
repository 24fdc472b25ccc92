// scripts/get-data, on a copy of the scripts, so that the repository's own data/ is left alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/messages.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace millrace::tools {
namespace {

using testing::contains;
namespace fs = std::filesystem;

class GetData : public ::testing::Test {
 protected:
  GetData() { fs::copy(fs::path(MILLRACE_SOURCE_DIR) / "scripts", folder_ / "scripts"); }

  [[nodiscard]] testing::Ran get_data(std::vector<std::string> words) const {
    words.insert(words.begin(), folder_ / "scripts/get-data");
    return testing::run_program(words, folder_.path());
  }
  [[nodiscard]] bool left_nothing() const {
    return !fs::exists(folder_ / "data") || fs::is_empty(folder_ / "data");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(GetData, RefusesAnotherText) {
  std::ofstream(folder_ / "mine.txt") << "not Shakespeare\n";
  const testing::Ran ran = get_data({"tinyshakespeare", "--from", "mine.txt"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(contains(ran.err, "mine.txt is not tinyshakespeare: 16 bytes"));
  EXPECT_TRUE(left_nothing());
}

TEST_F(GetData, RefusesAFileThatIsNotThere) {
  const testing::Ran ran = get_data({"tinyshakespeare", "--from=none.txt"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "get-data: cannot read 'none.txt'\n");
  EXPECT_TRUE(left_nothing());
}

TEST_F(GetData, RefusesACorpusItDoesNotKnow) {
  EXPECT_EQ(get_data({"text8"}).status, 2);
  EXPECT_EQ(get_data({}).err, "get-data: name a corpus: tinyshakespeare\n");
}

TEST_F(GetData, TakesALocalCopyAndThenHasIt) {
  const fs::path copy =
      fs::path(MILLRACE_SOURCE_DIR).parent_path() / "shared/data/tinyshakespeare.txt";
  if (!fs::exists(copy)) GTEST_SKIP() << "no copy of the text at " << copy;
  EXPECT_EQ(get_data({"tinyshakespeare", "--from", copy}).status, 0);
  EXPECT_EQ(fs::file_size(folder_ / "data/tinyshakespeare.txt"), 1115394u);
  EXPECT_TRUE(contains(get_data({"tinyshakespeare"}).err, "is there"));
}

}  // namespace
}  // namespace millrace::tools
