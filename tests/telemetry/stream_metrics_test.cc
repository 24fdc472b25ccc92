#include "telemetry/stream_metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "proto/types.h"
#include "telemetry/wait_attribution.h"
#include "tests/support/messages.h"

namespace millrace::telemetry {
namespace {

using testing::contains;

/// A registry with every cell that a room binds.
void bind_all(Registry& registry) {
  const ProducerMetrics producer(registry);
  const ConsumerMetrics consumer(registry);
  const TrainMetrics train(registry);
  QueueMetrics(registry).damaged("a message").add();
  QueueMetrics(registry).connections("accepted").add();
  tell_stream(registry, "0123456789abcdef", "char_diffusion");
}

std::vector<std::string> names_of(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    names.push_back(line.substr(7, line.rfind(' ') - 7));
  }
  return names;
}

TEST(StreamMetrics, CallSplitsAsTheStreamDoes) {
  Registry registry;
  ProducerMetrics metrics(registry);
  for (const proto::Split split : proto::kSplits) {
    metrics.samples[split].add(10);
    const std::string line = "millrace_producer_samples_total{split=\"" +
                             std::string(proto::to_string(split)) + "\"} 10\n";
    EXPECT_TRUE(contains(registry.prometheus_text(), line)) << registry.prometheus_text();
  }
}

TEST(StreamMetrics, BindTheSameCellsTwice) {
  Registry registry;
  bind_all(registry);
  const std::string once = registry.prometheus_text();
  ProducerMetrics(registry).samples[proto::Split::kTrain].add(0);
  const ConsumerMetrics again(registry);
  EXPECT_EQ(registry.prometheus_text(), once);
}

TEST(StreamMetrics, CountDamageByCause) {
  Registry registry;
  const QueueMetrics metrics(registry);
  metrics.damaged("a checksum").add(2);
  metrics.damaged("an older version").add();
  EXPECT_TRUE(contains(registry.prometheus_text(),
                       "millrace_queue_damaged_total{cause=\"a checksum\"} 2\n"));
  EXPECT_TRUE(contains(registry.prometheus_text(),
                       "millrace_queue_damaged_total{cause=\"an older version\"} 1\n"));
}

TEST(StreamMetrics, HaveNamesAsPrometheusWantsThem) {
  Registry registry;
  bind_all(registry);
  std::istringstream lines(registry.prometheus_text());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(line.starts_with("# TYPE millrace_")) << line;
    EXPECT_EQ(contains(line, "_total counter"), line.ends_with(" counter")) << line;
  }
}

TEST(StreamMetrics, ThePageListsThemAll) {
  std::ifstream file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/metrics.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  Registry registry;
  bind_all(registry);
  for (const std::string& name : names_of(registry.prometheus_text())) {
    EXPECT_TRUE(contains(page, "| `" + name)) << name;
  }
  for (const WaitCause cause : kWaitCauses) {
    EXPECT_TRUE(contains(page, "| `" + std::string(to_string(cause)) + "` |"));
  }
}

}  // namespace
}  // namespace millrace::telemetry
