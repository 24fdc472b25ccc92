// Steps in a row that are bad: their loss or gradient is no finite number. Each leaves the model as
// it was; too many end the run.
//
// While the last step was bad no checkpoint is saved, so that every one of them is of a good step,
// and a run that goes on from it counts as this one did. Decided from numbers that all ranks share.
// Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::trainer {

class NonFiniteSteps {
 public:
  /// `most`: train.max_bad_steps. `step`: where the run begins, after a good step or none.
  NonFiniteSteps(std::uint64_t most, std::uint64_t step) : most_(most), good_(step), last_(step) {}

  /// Counts the step that follows.
  void count(bool bad) {
    ++last_;
    if (!bad) good_ = last_;
  }

  /// The last step was bad.
  [[nodiscard]] bool in_streak() const { return last_ > good_; }
  [[nodiscard]] bool too_many() const { return last_ - good_ >= most_; }
  /// The last step that was not; 0: none.
  [[nodiscard]] std::uint64_t last_good() const { return good_; }

  /// Lines about the steps since then, of which the last had this loss and this norm of the
  /// gradient. One for the log,
  [[nodiscard]] std::string skipped(double loss, double norm) const;
  /// one for a run that fails, where `checkpoint` is the last one (empty: there is none),
  [[nodiscard]] std::string failure(double loss, double norm, const std::string& checkpoint) const;
  /// and one for a run that is stopped meanwhile.
  [[nodiscard]] std::string stopped(const std::string& checkpoint) const;

 private:
  [[nodiscard]] std::string steps() const;

  std::uint64_t most_;
  std::uint64_t good_;
  std::uint64_t last_;
};

}  // namespace millrace::trainer
