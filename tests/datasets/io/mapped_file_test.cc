// Files that change while they are mapped.
#include "datasets/io/mapped_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/datasets/text_files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

TEST(MappedFile, CutShortInUseEndsWithASentence) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "text.txt";
  testing::write_file(path, std::string(std::size_t{1} << 16, 'x'));
  EXPECT_EXIT(
      {
        const MappedFile file(path);
        std::filesystem::resize_file(path, 0);
        std::exit(file.bytes().back());
      },
      ::testing::ExitedWithCode(EXIT_FAILURE), "^error: a mapped file.* was cut short");
}

}  // namespace
}  // namespace millrace::datasets
