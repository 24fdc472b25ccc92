// Lines about steps without a finite loss and gradient (non_finite_steps.h).
#include "trainer/run/non_finite_steps.h"

#include <cmath>

namespace millrace::trainer {
namespace {

/// std::to_string writes the sign of a NaN, which means nothing.
std::string text_of(double value) { return std::isnan(value) ? "nan" : std::to_string(value); }

std::string numbers(double loss, double grad_norm) {
  return "the loss is " + text_of(loss) + " and the gradient's norm " + text_of(grad_norm);
}

std::string what_stays(const std::string& checkpoint) {
  return checkpoint.empty() ? "there is no checkpoint yet"
                            : "the last good checkpoint is " + checkpoint;
}

}  // namespace

std::string NonFiniteSteps::steps() const {
  const std::string last = std::to_string(last_);
  return last_ == good_ + 1 ? "step " + last : "steps " + std::to_string(good_ + 1) + " to " + last;
}

std::string NonFiniteSteps::skipped(double loss, double grad_norm) const {
  return "step " + std::to_string(last_) + ": " + numbers(loss, grad_norm) +
         "; the step is left out (" + std::to_string(last_ - good_) +
         " of train.max_bad_steps = " + std::to_string(most_) + " in a row)";
}

std::string NonFiniteSteps::failure(double loss, double grad_norm,
                                    const std::string& checkpoint) const {
  const std::string why =
      too_many() ? "train.max_bad_steps = " + std::to_string(most_) : "and the run ends with them";
  return steps() + ": no finite loss and gradient (" + why + "); in the last " +
         numbers(loss, grad_norm) + "; " + what_stays(checkpoint) +
         "; start anew in another train.out_dir with a lower train.learning_rate or "
         "train.dtype=float32";
}

std::string NonFiniteSteps::stopped(const std::string& checkpoint) const {
  return steps() + " had no finite loss and gradient, so none is saved; " + what_stays(checkpoint);
}

}  // namespace millrace::trainer
