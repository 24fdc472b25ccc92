// The schedule as arithmetic (run_schedule.h).
#include "trainer/run/run_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "config/errors.h"
#include "config/sizes.h"

namespace millrace::trainer {
namespace {

/// The last multiple of `interval` in (from, to]; 0: none.
std::uint64_t last_multiple(std::uint64_t from, std::uint64_t to, std::uint64_t interval) {
  if (interval == 0) return 0;
  const std::uint64_t multiple = to - to % interval;
  return multiple > from ? multiple : 0;
}

std::array<std::pair<const char*, std::uint64_t>, 3> epoch_keys(const config::TrainOptions& train) {
  return {{{"max_epochs", train.max_epochs},
           {"epoch_eval_interval", train.epoch_eval_interval},
           {"epoch_checkpoint_interval", train.epoch_checkpoint_interval}}};
}

std::uint64_t samples_of_an_epoch(const config::Options& options,
                                  std::optional<std::uint64_t> of_stream) {
  for (const auto& [key, value] : epoch_keys(options.train)) {
    if (value > 0 && !of_stream) {
      throw config::UsageError(
          "train." + std::string(key) + " = " + std::to_string(value) + ": provider " +
          options.provider.name +
          " does not say how many samples an epoch has; set it to 0 and count in steps");
    }
  }
  return counts_epochs(options.train) ? *of_stream : 0;
}

std::uint64_t steps_of(std::uint64_t epochs, std::uint64_t epoch_samples,
                       std::uint64_t step_samples) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t samples = epochs > kMost / epoch_samples ? kMost : epochs * epoch_samples;
  return samples / step_samples + (samples % step_samples > 0 ? 1 : 0);
}

std::string two_digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

}  // namespace

bool counts_epochs(const config::TrainOptions& train) {
  return std::ranges::any_of(epoch_keys(train), [](const auto& key) { return key.second > 0; });
}

RunSchedule::RunSchedule(const config::Options& options, std::optional<std::uint64_t> epoch_samples)
    : train_(options.train),
      step_samples_(config::global_batch(options)),
      epoch_samples_(samples_of_an_epoch(options, epoch_samples)),
      last_step_(train_.max_iters) {
  if (train_.max_epochs > 0) {
    last_step_ = std::min(last_step_, steps_of(train_.max_epochs, epoch_samples_, step_samples_));
  }
}

std::uint64_t RunSchedule::epochs_done(std::uint64_t step) const {
  return epoch_samples_ == 0 ? 0 : step * step_samples_ / epoch_samples_;
}

bool RunSchedule::should_log(std::uint64_t step) const {
  return last_multiple(step - 1, step, train_.log_interval) > 0;
}

bool RunSchedule::should_evaluate(std::uint64_t last_good, std::uint64_t step) const {
  return last_multiple(last_good, step, train_.eval_interval) > 0 ||
         last_multiple(epochs_done(last_good), epochs_done(step), train_.epoch_eval_interval) > 0;
}

bool RunSchedule::should_save(std::uint64_t last_good, std::uint64_t step) const {
  return last_multiple(last_good, step, train_.checkpoint_interval) > 0 ||
         epoch_to_keep(last_good, step);
}

std::optional<std::uint64_t> RunSchedule::epoch_to_keep(std::uint64_t last_good,
                                                        std::uint64_t step) const {
  const std::uint64_t epoch =
      last_multiple(epochs_done(last_good), epochs_done(step), train_.epoch_checkpoint_interval);
  return epoch > 0 ? std::optional(epoch) : std::nullopt;
}

std::optional<double> RunSchedule::epochs(std::uint64_t step) const {
  if (epoch_samples_ == 0) return std::nullopt;
  constexpr double kDigits = 1e6;
  const double epochs =
      static_cast<double>(step * step_samples_) / static_cast<double>(epoch_samples_);
  return std::round(epochs * kDigits) / kDigits;
}

std::string RunSchedule::about_epochs() const {
  if (epoch_samples_ == 0) return {};
  const std::string epoch =
      "an epoch has " + std::to_string(epoch_samples_) + " samples, " +
      two_digits(static_cast<double>(epoch_samples_) / static_cast<double>(step_samples_)) +
      " steps; ";
  const std::string wanted = "max_epochs = " + std::to_string(train_.max_epochs);
  if (epochs_end_it()) {
    return epoch + wanted + " ends the run with step " + std::to_string(last_step_);
  }
  const std::string end = epoch + "max_iters = " + std::to_string(last_step_) +
                          " ends the run after " + two_digits(*epochs(last_step_)) + " epochs";
  const bool too_early = train_.max_epochs > epochs_done(last_step_);
  return end + (too_early ? ", before " + wanted + "; raise --train.max_iters to get there" : "");
}

std::string RunSchedule::over(std::uint64_t step) const {
  const std::string at = "step " + std::to_string(step);
  if (epochs_end_it()) {
    return at + ", the end of max_epochs = " + std::to_string(train_.max_epochs) +
           ", is done already; raise --train.max_epochs to go on";
  }
  return at + " of max_iters = " + std::to_string(train_.max_iters) +
         " is done already; raise --train.max_iters to go on";
}

}  // namespace millrace::trainer
