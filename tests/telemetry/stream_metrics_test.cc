// The metrics of all rooms, and their page.
#include "telemetry/stream_metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "proto/files.h"
#include "proto/types.h"
#include "telemetry/wait_attribution.h"
#include "tests/support/messages.h"
#include "tests/support/quotes.h"

namespace millrace::telemetry {
namespace {

using testing::contains;

/// Makes every metric of every room.
void make_all(Registry& registry) {
  const ProducerMetrics producer(registry);
  const ConsumerMetrics consumer(registry);
  const TrainMetrics train(registry);
  QueueMetrics(registry).damaged("a message").add();
  QueueMetrics(registry).connections("accepted").add();
  export_stream_info(registry, "0123456789abcdef", "char_diffusion");
}

/// The words that follow `start` at the start of a line, up to one of `ends`.
std::set<std::string> words_after(const std::string& start, const std::string& ends,
                                  const std::string& text) {
  std::set<std::string> words;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(start)) continue;
    words.insert(line.substr(start.size(), line.find_first_of(ends, start.size()) - start.size()));
  }
  return words;
}

TEST(StreamMetrics, NameSplitsAsTheStreamDoes) {
  Registry registry;
  ProducerMetrics metrics(registry);
  for (const proto::Split split : proto::kSplits) {
    metrics.samples[split].add(10);
    const std::string line = "millrace_producer_samples_total{split=\"" +
                             std::string(proto::to_string(split)) + "\"} 10\n";
    EXPECT_TRUE(contains(registry.prometheus_text(), line)) << registry.prometheus_text();
  }
}

TEST(StreamMetrics, ShareTheirMetrics) {
  Registry registry;
  make_all(registry);
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
  make_all(registry);
  std::istringstream lines(registry.prometheus_text());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(line.starts_with("# TYPE millrace_")) << line;
    EXPECT_EQ(contains(line, "_total counter"), line.ends_with(" counter")) << line;
  }
}

TEST(StreamMetrics, ThePageListsThemAllAndNoOthers) {
  const std::string page =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/metrics.md");
  Registry registry;
  make_all(registry);
  std::set<std::string> listed;
  for (const std::string& name : words_after("| `millrace_", "{`", page)) {
    listed.insert("millrace_" + name);
  }
  EXPECT_EQ(listed, words_after("# TYPE ", " ", registry.prometheus_text()));
  for (const WaitCause cause : kWaitCauses) {
    EXPECT_TRUE(contains(page, "| `" + std::string(to_string(cause)) + "` |"));
  }
}

TEST(Docs, AddAMetricQuotesTheCode) { testing::expect_true_quotes("how-to/add_a_metric.md", 4); }

}  // namespace
}  // namespace millrace::telemetry
