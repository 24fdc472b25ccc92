// The window of a recipe: how far ahead of the trainer samples are requested. The same rule for
// prepare and train.
#pragma once

#include "config/options.h"
#include "config/sizes.h"
#include "queue/ends/range_size.h"

namespace millrace::endpoint {

[[nodiscard]] inline queue::Window train_window(const config::Options& options) {
  return {config::window_samples(options), options.queue.window_bytes,
          config::least_window_samples(options)};
}

}  // namespace millrace::endpoint
