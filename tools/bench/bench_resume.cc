// A small run that is killed and resumed.
#include "tools/bench/bench_resume.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "proto/checkpoint.h"
#include "tools/bench/bench_waits.h"
#include "tools/bench/child_process.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kStepWithin{60};
/// Long enough for producers to look for the trainer less often.
constexpr std::chrono::seconds kAway{2};

/// The recipe's stream and batches with a model whose steps take milliseconds, and a line of
/// metrics for every step.
config::Options small_run(config::Options options) {
  options.model = {.n_layer = 1, .n_head = 2, .n_embd = 32, .dropout = 0.0};
  options.train.device = "cpu";
  options.train.dtype = "float32";
  options.train.threads = 1;
  options.train.gradient_accumulation_steps = 1;
  options.train.max_iters = 100'000'000;
  options.train.eval_interval = options.train.max_iters + 1;
  options.train.log_interval = 1;
  options.train.checkpoint_interval = 50;
  return options;
}

class SmallRun {
 public:
  SmallRun(const BenchEnv& env, ProducerPool& producers, const std::filesystem::path& bin)
      : env_(env),
        producers_(producers),
        bin_(bin),
        recipe_(env.write_recipe("train.toml", small_run(env.options()))),
        out_(env.options().train.out_dir),
        trainer_(std::in_place, bin_ / "train", std::vector<std::string>{recipe_}, log()) {
    wait_until([&] { return exists(out_ / proto::kLatestLink); }, "the first checkpoint");
  }

  /// Kills the trainer, waits, and resumes it.
  double resume_seconds() {
    trainer_->kill();
    trainer_.reset();
    std::filesystem::remove(metrics());  // so its next line is the resumed run's first
    std::this_thread::sleep_for(kAway);
    const auto start = Clock::now();
    trainer_.emplace(bin_ / "train", std::vector<std::string>{recipe_, "--resume"}, log());
    wait_until([&] { return has_a_line(); }, "the first step of the resumed run");
    return seconds_since(start);
  }

 private:
  [[nodiscard]] std::filesystem::path metrics() const { return out_ / "metrics.jsonl"; }
  [[nodiscard]] std::filesystem::path log() const { return env_ / "train.log"; }

  [[nodiscard]] bool has_a_line() const {
    std::error_code not_there;
    const auto bytes = std::filesystem::file_size(metrics(), not_there);
    return !not_there && bytes > 0;
  }

  void wait_until(const std::function<bool()>& done, const std::string& what) {
    wait_for(
        [&] {
          trainer_->check();
          producers_.check();
          return done();
        },
        what, kStepWithin);
  }

  const BenchEnv& env_;
  ProducerPool& producers_;
  const std::filesystem::path bin_;
  const std::string recipe_;
  const std::filesystem::path out_;
  std::optional<ChildProcess> trainer_;
};

}  // namespace

std::vector<double> measure_resumes(const BenchEnv& env, ProducerPool& producers,
                                    const std::filesystem::path& bin, std::uint64_t repeats) {
  SmallRun run(env, producers, bin);
  std::vector<double> seconds;
  for (std::uint64_t i = 0; i < repeats; ++i) seconds.push_back(run.resume_seconds());
  return seconds;
}

}  // namespace millrace::tools
