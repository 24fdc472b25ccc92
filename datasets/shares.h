// How much of a text is held out for evaluation.
#pragma once

namespace millrace::datasets {

/// The shares of a text, at its end, that are val and test.
struct Shares {
  double val = 0.1;
  double test = 0.0;
};

}  // namespace millrace::datasets
