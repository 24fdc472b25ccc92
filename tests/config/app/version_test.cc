// The version that programs show is the one in the file VERSION, with the commit.
#include "config/app/version.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

namespace millrace::config {
namespace {

TEST(Version, IsTheOneInTheFile) {
  std::ifstream file(std::string(MILLRACE_SOURCE_DIR) + "/VERSION");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(version_number(), line);
}

TEST(Version, NamesTheCommitWhereItKnowsIt) {
  const std::regex form(R"(\d+\.\d+\.\d+( \([0-9a-f]{7,}(-dirty)?\))?)");
  EXPECT_TRUE(std::regex_match(version(), form)) << version();
}

}  // namespace
}  // namespace millrace::config
