// Opens the stream of a recipe: its provider, and the meta that is sent to trainers.
#pragma once

#include <memory>

#include "config/options.h"
#include "proto/meta.h"
#include "providers/data_provider.h"

namespace millrace::producer {

struct Stream {
  std::shared_ptr<const providers::DataProvider> provider;
  proto::StreamMeta meta;  ///< the provider's, with the probe
};

/// Throws what the registry and the provider throw: config::UsageError for an unknown name, others
/// for a dataset that cannot be used.
[[nodiscard]] Stream open_stream(const config::Options& options);

}  // namespace millrace::producer
