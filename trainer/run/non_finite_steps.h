// Counts steps in a row whose loss or gradient is not finite. Each leaves the model unchanged; too
// many end the run.
//
// No checkpoint is saved during such a streak. So every checkpoint is of a good step, one with a
// finite loss and gradient, and a resumed run counts as the run that never stopped. Decided from
// numbers that all ranks share. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::trainer {

class NonFiniteSteps {
 public:
  /// `most`: train.max_bad_steps. `step`: completed steps at the run's start, the last of them
  /// good.
  NonFiniteSteps(std::uint64_t most, std::uint64_t step) : most_(most), good_(step), last_(step) {}

  /// Counts the next step.
  void count(bool non_finite) {
    ++last_;
    if (!non_finite) good_ = last_;
  }

  /// Whether the last step had no finite loss and gradient.
  [[nodiscard]] bool in_streak() const { return last_ > good_; }
  /// Whether the streak has reached `most`.
  [[nodiscard]] bool too_many() const { return last_ - good_ >= most_; }
  /// The last good step; 0: none.
  [[nodiscard]] std::uint64_t last_good() const { return good_; }

  // Lines about the streak, whose last step had this loss and gradient norm. `checkpoint`: the last
  // one; empty: none yet.

  /// For the log, after each step of the streak.
  [[nodiscard]] std::string skipped(double loss, double grad_norm) const;
  /// For a run that fails.
  [[nodiscard]] std::string failure(double loss, double grad_norm,
                                    const std::string& checkpoint) const;
  /// For a run that is stopped during the streak.
  [[nodiscard]] std::string stopped(const std::string& checkpoint) const;

 private:
  [[nodiscard]] std::string steps() const;

  std::uint64_t most_;
  std::uint64_t good_;  ///< the last good step
  std::uint64_t last_;  ///< the last step
};

}  // namespace millrace::trainer
