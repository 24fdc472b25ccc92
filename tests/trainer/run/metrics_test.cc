// The lines of metrics.jsonl.
#include "trainer/run/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

TEST(Metrics, ATrainLineHasTheAgreedKeys) {
  const auto line =
      nlohmann::json::parse(to_line(TrainPoint{10, 3.25, 0.001, 1.5, 40960, 110.25, 0.125}));
  EXPECT_EQ(
      line,
      nlohmann::json::parse(
          R"({"step":10,"split":"train","loss":3.25,"lr":0.001,"tokens":40960,"step_ms":110.25,)"
          R"("stall_ms":0.125,"grad_norm":1.5})"));
}

TEST(Metrics, ATrainLineNamesTheStageWhereTheTrainerDoes) {
  TrainPoint point;
  EXPECT_EQ(to_line(point).find("stage"), std::string::npos);
  point.stage = 3;
  EXPECT_EQ(nlohmann::json::parse(to_line(point)).at("stage"), 3);
}

TEST(Metrics, ATrainLineCountsEpochsWhereTheRecipeDoes) {
  TrainPoint point;
  EXPECT_EQ(to_line(point).find("epoch"), std::string::npos);
  point.epoch = 1.25;
  EXPECT_NE(to_line(point).find("\"epoch\":1.25}"), std::string::npos);
}

TEST(Metrics, ANumberThatIsNotFiniteIsNull) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto train = nlohmann::json::parse(
      to_line(TrainPoint{.step = 3, .loss = std::nan(""), .grad_norm = kInfinity}));
  EXPECT_TRUE(train.at("loss").is_null());
  EXPECT_TRUE(train.at("grad_norm").is_null());
  const std::string val = to_line(
      3, {proto::Split::kVal, -kInfinity, 4, {{"accuracy", std::nan("")}}, {{"a", kInfinity, 4}}});
  EXPECT_EQ(
      val, R"({"step":3,"split":"val","loss":null,"samples":4,"accuracy":null,"stages":{"a":null}})"
           "\n");
  EXPECT_EQ(step_of_metrics_line(val), 3U);
}

TEST(Metrics, AValLineHasEveryStageEvenIfTwoHaveOneName) {
  const auto line =
      nlohmann::json::parse(to_line(250, {proto::Split::kVal,
                                          2.0,
                                          64,
                                          {{"accuracy", 0.5}},
                                          {{"a", 1.0, 21}, {"b", 2.0, 22}, {"a", 3.0, 21}}}));
  EXPECT_EQ(line, nlohmann::json::parse(
                      R"({"step":250,"split":"val","loss":2.0,"samples":64,"accuracy":0.5,)"
                      R"("stages":{"a":1.0,"b":2.0,"a #2":3.0}})"));
}

TEST(Metrics, ReadsTheStepOfALine) {
  EXPECT_EQ(step_of_metrics_line(R"({"step":12,"split":"val"})"), 12U);
  EXPECT_EQ(step_of_metrics_line(R"({"split":"val"})"), std::nullopt);
  EXPECT_EQ(step_of_metrics_line(R"({"step":12,"loss":1.5})"), std::nullopt) << "of others";
  EXPECT_EQ(step_of_metrics_line(R"({"step":12,"spl)"), std::nullopt);
}

TEST(Metrics, ResumesFromTheStepOfACheckpoint) {
  const testing::TemporaryFolder folder;
  {
    Metrics metrics(folder / "out", 0, 100, 64);
    for (const std::uint64_t step : {10, 20, 30}) {
      metrics.add(TrainPoint{step, 1.0, 0.1, 1.0, step * 64, 5.0, 0.0});
    }
  }
  Metrics metrics(folder / "out", 20, 100, 64);
  metrics.add(25, {proto::Split::kVal, 1.0, 4, {}, {}});
  const std::string text = proto::read_file(folder / "out/metrics.jsonl");
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_EQ(text.find("\"step\":30"), std::string::npos);
  EXPECT_NE(text.find("\"step\":25"), std::string::npos);
}

}  // namespace
}  // namespace millrace::trainer
