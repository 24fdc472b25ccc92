// The streams that a recipe accepts, for a trainer's end of its queue.
#pragma once

#include "config/options.h"
#include "config/per_dataset.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "queue/ends/admission.h"

namespace millrace::endpoint {

/// Any stream with the recipe's settings and, where the recipe has data.datasets, a dataset of
/// their joined names. The caller may add what else it knows of the data, and pin a checkpoint's
/// stream.
[[nodiscard]] inline queue::Expectation expectation(const config::Options& options) {
  return {.provider = config::provider_name(options),
          .data_seed = options.data.data_seed,
          .settings = config::stream_settings(options),
          .dataset = config::joined_names(options.data)};
}

}  // namespace millrace::endpoint
