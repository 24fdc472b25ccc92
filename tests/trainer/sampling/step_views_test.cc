// The three views of texts while they are written.
#include "trainer/sampling/step_views.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/errors.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

const TextStep kStep{4, 2, 0, "T▒e\nmi", {19, 66, 4, 0, 12, 8}};

TEST(StepViews, ToJsonLineWritesOneStep) {
  EXPECT_EQ(to_json_line(kStep),
            "{\"sample\":4,\"step\":2,\"text\":\"T▒e\\nmi\",\"tokens\":[19,66,4,0,12,8]}\n");
  TextStep staged = kStep;
  staged.stage = 3;
  EXPECT_EQ(nlohmann::json::parse(to_json_line(staged)).at("stage"), 3);
}

TEST(StepViews, ToLineWritesOneStep) {
  EXPECT_EQ(to_line(kStep), "sample 4, step 2: T▒e↵mi\n");
  TextStep staged = kStep;
  staged.stage = 1;
  EXPECT_EQ(to_line(staged), "sample 4, stage 1, step 2: T▒e↵mi\n");
}

TEST(StepViews, AFrameIsWrappedByCharactersAndCutToTheScreen) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(frame_of(kStep, {.columns = 40, .rows = 24}), (Lines{"sample 4, step 2", "T▒e", "mi"}));
  EXPECT_EQ(frame_of(kStep, {.columns = 2, .rows = 24}), (Lines{"sa", "T▒", "e", "mi"}));
  EXPECT_EQ(frame_of(kStep, {.columns = 2, .rows = 4}), (Lines{"sa", "T▒", "e"}));
  TextStep control = kStep;
  control.text = "a\rb\x1b[2Jc";
  EXPECT_EQ(frame_of(control, {}), (Lines{"sample 4, step 2", "a b [2Jc"}));
}

TEST(StepViews, ATraceHasEveryStep) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "trace.jsonl";
  TraceFile trace(path);
  trace.add(kStep);
  trace.add(kStep);
  trace.finish();
  std::ostringstream found;
  found << std::ifstream(path).rdbuf();
  EXPECT_EQ(found.str(), to_json_line(kStep) + to_json_line(kStep));
  EXPECT_THROW(TraceFile(folder.path() / "absent" / "trace.jsonl"), config::UsageError);
}

TEST(StepViews, AnAnimationNeedsATerminal) { EXPECT_THROW(Animation(), config::UsageError); }

}  // namespace
}  // namespace millrace::trainer
