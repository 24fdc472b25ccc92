// Runs every input of corpus/ through its harness without libFuzzer, so with every compiler and in
// every test run. Inputs called good-… must be accepted, those called bad-… refused. Cut short
// anywhere, or with a bit flipped anywhere, they must do no harm.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "proto/files.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {

/// How GoogleTest shows a harness.
static void PrintTo(const Harness& harness, std::ostream* out) { *out << harness.name; }

namespace {

namespace fs = std::filesystem;

class Replay : public ::testing::TestWithParam<Harness> {
 protected:
  [[nodiscard]] static std::vector<fs::path> inputs() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(fs::path(MILLRACE_SOURCE_DIR) /
                                                    "tests/fuzz/corpus" / GetParam().name)) {
      paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }
};

TEST_P(Replay, TakesWhatIsGoodAndRefusesWhatIsBad) {
  std::size_t good = 0;
  for (const fs::path& path : inputs()) {
    const bool taken = GetParam().take(proto::read_file(path));
    const std::string name = path.filename().string();
    if (name.starts_with("good-")) {
      EXPECT_TRUE(taken) << path;
      ++good;
    } else {
      ASSERT_TRUE(name.starts_with("bad-")) << path;
      EXPECT_FALSE(taken) << path;
    }
  }
  EXPECT_GT(good, 0U);
}

TEST_P(Replay, SurvivesInputsCutShort) {
  for (const fs::path& path : inputs()) {
    const std::string whole = proto::read_file(path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_NO_THROW(GetParam().take(std::string_view(whole).substr(0, length)))
          << path << " cut to " << length;
    }
  }
}

TEST_P(Replay, SurvivesFlippedBits) {
  for (const fs::path& path : inputs()) {
    const std::string whole = proto::read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
      EXPECT_NO_THROW(GetParam().take(flipped)) << path << " at " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Replay, ::testing::ValuesIn(harnesses().begin(), harnesses().end()),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace millrace::fuzz
