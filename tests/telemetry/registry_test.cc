// Names, labels and Prometheus' text of metrics.
#include "telemetry/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <thread>
#include <vector>

namespace millrace::telemetry {
namespace {

TEST(Registry, WritesFamiliesByNameAndMetricsByLabel) {
  Registry registry;
  registry.counter("millrace_b_total", "Second.", {{"split", "val"}}).add(2);
  registry.gauge("millrace_c_seconds", "Third.").set(0.25);
  registry.counter("millrace_b_total", "Second.", {{"split", "train"}}).add(4096);
  registry.gauge("millrace_a", "First.", {{"z", "1"}, {"a", "2"}}).set(-3);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP millrace_a First.\n"
            "# TYPE millrace_a gauge\n"
            "millrace_a{a=\"2\",z=\"1\"} -3\n"
            "# HELP millrace_b_total Second.\n"
            "# TYPE millrace_b_total counter\n"
            "millrace_b_total{split=\"train\"} 4096\n"
            "millrace_b_total{split=\"val\"} 2\n"
            "# HELP millrace_c_seconds Third.\n"
            "# TYPE millrace_c_seconds gauge\n"
            "millrace_c_seconds 0.25\n");
}

TEST(Registry, EscapesLabelsAndHelp) {
  Registry registry;
  registry
      .gauge("m", "a \"help\" with \\ and\na second line",
             {{"l", "a \"label\" with \\ and\na second line"}})
      .set(1);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP m a \"help\" with \\\\ and\\na second line\n"
            "# TYPE m gauge\n"
            "m{l=\"a \\\"label\\\" with \\\\ and\\na second line\"} 1\n");
}

TEST(Registry, WritesNumbersThatReadBackTheSame) {
  for (const double value : {0.0, 1e15, 9007199254740992.0, 0.1, 1.0 / 3.0, -2.5e-7, 1e300}) {
    Registry registry;
    registry.gauge("m", "").set(value);
    const std::string text = registry.prometheus_text();
    EXPECT_EQ(std::stod(text.substr(text.rfind(' '))), value) << text;
  }
  Registry registry;
  registry.gauge("m", "", {{"is", "a"}}).set(1e15);
  registry.gauge("m", "", {{"is", "b"}}).set(HUGE_VAL);
  registry.gauge("m", "", {{"is", "c"}}).set(-HUGE_VAL);
  registry.gauge("m", "", {{"is", "d"}}).set(std::nan(""));
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP m \n# TYPE m gauge\n"
            "m{is=\"a\"} 1000000000000000\nm{is=\"b\"} +Inf\nm{is=\"c\"} -Inf\nm{is=\"d\"} NaN\n");
}

TEST(Registry, PutsCommonLabelsOnEveryMetric) {
  Registry registry(Labels{{"rank", "1"}});
  registry.counter("m_total", "Help.", {{"split", "val"}}).add();
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP m_total Help.\n# TYPE m_total counter\nm_total{rank=\"1\",split=\"val\"} 1\n");
}

TEST(Registry, GivesTheSameMetricTwice) {
  Registry registry;
  Counter& counter = registry.counter("m_total", "Help.", {{"split", "val"}});
  for (int i = 0; i < 100; ++i) {
    registry.counter("m_total", "Help.", {{"n", std::to_string(i)}}).add();
  }
  EXPECT_EQ(&registry.counter("m_total", "Help.", {{"split", "val"}}), &counter);
  EXPECT_NE(&registry.counter("m_total", "Help."), &counter);
}

TEST(Registry, RefusesWhatPrometheusCannotRead) {
  Registry registry;
  for (const char* name : {"", "1m", "m-m", "m m", "é"}) {
    EXPECT_THROW((void)registry.gauge(name, ""), std::logic_error) << name;
  }
  for (const char* label : {"", "1l", "l:l"}) {
    EXPECT_THROW((void)registry.gauge("m", "", {{label, ""}}), std::logic_error) << label;
  }
  EXPECT_EQ(registry.prometheus_text(), "");
}

TEST(Registry, RefusesOneNameForTwoThings) {
  Registry registry;
  registry.counter("m", "Help.").add();
  EXPECT_THROW((void)registry.gauge("m", "Help."), std::logic_error);
  EXPECT_THROW((void)registry.counter("m", "Other help."), std::logic_error);
}

TEST(Metrics, CountFromManyThreads) {
  constexpr int kThreads = 4, kTimes = 20000;
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&registry] {
      for (int i = 0; i < kTimes; ++i) {
        registry.counter("m_total", "Help.", {{"n", std::to_string(i % 7)}}).add(2);
        const ScopedIncrement working(registry.gauge("level", "Help."));
        if (i % 1000 == 0) {
          EXPECT_FALSE(registry.prometheus_text().empty());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (int n = 0; n < 7; ++n) {
    sum += registry.counter("m_total", "Help.", {{"n", std::to_string(n)}}).value();
  }
  EXPECT_EQ(sum, 2.0 * kThreads * kTimes);
  EXPECT_EQ(registry.gauge("level", "Help.").value(), 0.0);
}

TEST(Metrics, RaiseToNeverGoesBack) {
  Counter counter;
  counter.raise_to(5);
  counter.raise_to(3);
  EXPECT_EQ(counter.value(), 5.0);
}

}  // namespace
}  // namespace millrace::telemetry
