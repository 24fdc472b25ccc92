// The program `bench` with tiny numbers: its fields are present and plausible, and it leaves
// nothing behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/support/messages.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"
#include "tools/bench/bench_numbers.h"
#include "tools/bench/raw_loopback.h"

namespace millrace::tools {
namespace {

using namespace std::chrono_literals;
using testing::contains;
using testing::Ran;
using Lines = std::vector<nlohmann::json>;
namespace fs = std::filesystem;

TEST(BenchNumbers, TheMiddleOneOrTheMeanOfTwo) {
  EXPECT_EQ(median({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median({4.0, 1.0, 2.0, 3.0}), 2.5);
  EXPECT_EQ(largest({1.0, 3.0, 2.0}), 3.0);
  EXPECT_EQ(smallest({2.0, 1.0, 3.0}), 1.0);
}

TEST(BenchNumbers, HaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(with_prefix(0.25), "0.25 ");
  EXPECT_EQ(with_prefix(45234567.0), "45.2 M");
  EXPECT_EQ(with_prefix(1000.0), "1 k");
}

TEST(RawLoopback, EndsWithAnErrorWhereNoBytesMove) {
  ::alarm(60);  // ends a loop that never does
  for (const SocketKind kind : {SocketKind::kTcp, SocketKind::kUnix}) {
    EXPECT_THROW((void)RawLoopback(kind, 0).bytes_per_s(1), std::runtime_error);
  }
  ::alarm(0);
}

class Bench : public ::testing::Test {
 protected:
  Bench() {
    fs::create_directory(places());
    fs::create_directory(bin());
    fs::create_symlink(fs::path(MILLRACE_BIN) / "prepare", bin() / "prepare");
    std::ofstream text(folder_ / "text.txt");
    for (int i = 0; i < 400; ++i) text << "line " << i * 7919 << " of a small text\n";
    std::ofstream(recipe()) << "[data]\npath = " << folder_ / "text.txt"
                            << "\n[provider]\nblock_size = 32\n[queue]\nwindow_batches = 8\n";
  }

  [[nodiscard]] std::string recipe() const { return folder_ / "r.toml"; }
  [[nodiscard]] fs::path places() const { return folder_ / "places"; }
  /// Without `train`: resuming is measured by tests/system/test_bench.py.
  [[nodiscard]] fs::path bin() const { return folder_ / "bin"; }

  /// `before`: words that come before the program.
  Ran bench(const std::vector<std::string>& arguments,
            const std::vector<std::string>& before = {}) const {
    std::vector<std::string> words = {"env", "TMPDIR=" + places().string()};
    words.insert(words.end(), before.begin(), before.end());
    words.push_back(std::string(MILLRACE_BIN) + "/bench");
    words.insert(words.end(), arguments.begin(), arguments.end());
    return testing::run_program(words);
  }
  Lines json_lines(const std::vector<std::string>& arguments) const {
    const Ran ran = bench(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    Lines lines;
    std::istringstream in(ran.out);
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  /// Processes whose command line names the folder in which bench works.
  [[nodiscard]] std::size_t processes() const {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline");
      const std::string line(std::istreambuf_iterator<char>(file), {});
      found += contains(line, places().string() + "/");
    }
    return found;
  }
  void expect_nothing_left() const {
    EXPECT_EQ(processes(), 0U);
    EXPECT_TRUE(fs::is_empty(places()));
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Bench, ProviderOnOneThreadAndOnThreeOfThem) {
  const Lines lines = json_lines(
      {"provider", recipe(), "--producer.threads=3", "--samples=200", "--repeats=2", "--json"});
  ASSERT_EQ(lines.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(lines[i]["threads"], i == 0 ? 1 : 3);
    EXPECT_GT(lines[i]["samples_per_s"], 0.0);
    EXPECT_DOUBLE_EQ(lines[i]["tokens_per_s"], 32 * lines[i]["samples_per_s"].get<double>());
    EXPECT_LE(lines[i]["least_tokens_per_s"], lines[i]["tokens_per_s"]);
    EXPECT_GE(lines[i]["most_tokens_per_s"], lines[i]["tokens_per_s"]);
    EXPECT_GT(lines[i]["tokens_per_cpu_s"], 0.0);
    // x, y and the stage.
    EXPECT_DOUBLE_EQ(lines[i]["bytes_per_s"], 65 * lines[i]["samples_per_s"].get<double>());
    EXPECT_GT(lines[i]["memcpy_bytes_per_s"], 0.0);
  }
}

TEST_F(Bench, StreamOverEveryTransport) {
  for (const std::string uri : {"inproc://", "file://q", "ipc://q.sock", "tcp://127.0.0.1:1"}) {
    std::ofstream(folder_ / "t.toml") << "include = \"r.toml\"\n[queue]\nuri = \"" << uri << "\"\n";
    const Lines lines = json_lines({"stream", folder_ / "t.toml", "--bin", bin(), "--only=stream",
                                    "--producers=1", "--samples=512", "--repeats=2", "--json"});
    ASSERT_EQ(lines.size(), uri == "inproc://" ? 1U : 2U) << uri;  // and the producers' memory
    EXPECT_EQ(lines[0]["transport"], uri.substr(0, uri.find(':')));
    EXPECT_EQ(lines[0]["producers"], uri == "inproc://" ? 0 : 1);
    EXPECT_GT(lines[0]["mb_per_s"], 0.0);
    EXPECT_GT(lines[0]["tokens_per_s"], 0.0);
    EXPECT_GE(lines[0]["ready_share"], 0.0);
    EXPECT_LE(lines[0]["ready_share"], 1.0);
  }
  expect_nothing_left();
}

TEST_F(Bench, AKillIsTimedWhateverThePace) {
  const Lines lines =
      json_lines({"stream", recipe(), "--bin", bin(), "--only=kill", "--samples=512", "--repeats=1",
                  "--json", "--queue.uri=ipc://" + (folder_ / "given.sock").string()});
  ASSERT_EQ(lines.size(), 3U);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(lines[i]["bench"], "kill");
    EXPECT_GT(lines[i]["without_data_s"], 0.0);
    EXPECT_GE(lines[i]["worst_s"], lines[i]["without_data_s"]);
    EXPECT_GT(lines[i]["usual_s"], 0.0);
  }
  expect_nothing_left();
}

TEST_F(Bench, AnInterruptEndsItAndItsProducers) {
  const Ran ran = bench(
      {"stream", recipe(), "--only=kill", "--queue.uri=ipc://" + (folder_ / "given.sock").string()},
      {"timeout", "--foreground", "--preserve-status", "--signal=INT", "2"});
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_TRUE(contains(ran.err, "error: stopped before everything was measured"));
  expect_nothing_left();
}

TEST_F(Bench, ItsProducersEndWithItEvenIfItIsKilled) {
  const Ran ran = bench(
      {"stream", recipe(), "--only=kill", "--queue.uri=ipc://" + (folder_ / "given.sock").string()},
      {"timeout", "--foreground", "--signal=KILL", "2"});
  EXPECT_NE(ran.status, 0);
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (processes() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(processes(), 0U);
}

TEST_F(Bench, SaysWhichProgramIsMissing) {
  const Ran ran = bench(
      {"stream", recipe(), "--only=stream", "--queue.uri=tcp://127.0.0.1:1", "--bin", places()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(contains(ran.err, "prepare: no such program; see --bin"));
  const Ran unknown = bench({"streem"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_TRUE(contains(unknown.err, "known: provider, stream, train"));
}

TEST_F(Bench, SettingsThatTheQueueCannotHaveAreWrongUsage) {
  for (const std::string part : {"transport", "stream"}) {
    const std::vector<std::string> words = {"stream", recipe(), "--only=" + part, "--producers=1"};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), words.begin(), words.end());
      return bench(more);
    };
    const Ran audit = with({"--queue.audit=0.5", "--queue.uri=file://" + (folder_ / "q").string()});
    EXPECT_EQ(audit.status, 2) << part << ": " << audit.err;
    EXPECT_TRUE(contains(audit.err, "error: queue.audit compares what producers answer")) << part;
    const Ran key = with({"--queue.key_file=lonely",  // with no key of the other side
                          "--queue.uri=ipc://" + (folder_ / "given.sock").string()});
    EXPECT_EQ(key.status, 2) << part << ": " << key.err;
    EXPECT_TRUE(contains(key.err, "error: queue.key_file")) << part;
  }
  expect_nothing_left();
}

TEST_F(Bench, TrainSaysWhereItsProgramIsMissingAndStillHelps) {
  fs::copy_file(fs::path(MILLRACE_BIN) / "bench", bin() / "bench");
  const Ran ran = testing::run_program({bin() / "bench", "train", recipe()});
  EXPECT_EQ(ran.status, 2);
  const std::string missing = (bin() / "bench_train").string();
  EXPECT_TRUE(
      contains(ran.err, missing + ": No such file or directory; it is built where the trainer is"));
  const Ran help = testing::run_program({bin() / "bench", "train", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_TRUE(contains(help.out, "usage: bench train CONFIG"));
}

TEST_F(Bench, AProducerThatCannotWorkEndsItWithItsWords) {
  const Ran ran = bench({"stream", recipe(), "--only=stream",
                         "--data.path=" + (folder_ / "missing.txt").string(),
                         "--queue.uri=ipc://" + (folder_ / "given.sock").string()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(contains(ran.err, "prepare ended by itself")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "missing.txt")) << ran.err;
}

}  // namespace
}  // namespace millrace::tools
