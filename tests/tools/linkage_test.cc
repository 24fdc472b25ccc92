// Producers and tools do not link LibTorch: on a CPU host they need a few MB and start in
// milliseconds.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/messages.h"
#include "tests/support/run_program.h"

namespace millrace::tools {
namespace {

class Linkage : public ::testing::TestWithParam<const char*> {};

TEST_P(Linkage, IsFreeOfLibTorch) {
  const testing::Ran ran =
      testing::run_program({"readelf", "-d", std::string(MILLRACE_BIN) + "/" + GetParam()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(testing::contains(ran.out, "(NEEDED)"));
  for (const char* library : {"libtorch", "libc10", "site-packages"}) {
    EXPECT_EQ(ran.out.find(library), std::string::npos) << ran.out;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Linkage,
                         ::testing::Values("prepare", "inspect", "bench", "tokenize"),
                         [](const auto& program) { return std::string(program.param); });

}  // namespace
}  // namespace millrace::tools
