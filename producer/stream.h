// A recipe's provider, with everything a peer is told of its stream.
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

/// Throws what the registry and the provider throw: an unknown name, a text that cannot be used.
[[nodiscard]] Stream open_stream(const config::Options& options);

}  // namespace millrace::producer
