// What a recipe says of its data, as far as this machine knows it without reading through the data:
// a trainer compares it with the streams that it is offered.
#pragma once

#include <optional>
#include <string>

#include "config/options.h"

namespace millrace::providers {

/// The data that a recipe names, in the terms of a stream's meta.
struct NamedData {
  std::string name;         ///< StreamMeta::dataset_name
  std::string hash{};       ///< StreamMeta::dataset_hash; empty: not known here
  bool byte_level = false;  ///< StreamMeta::byte_level
};

/// Empty for a recipe that names no data, and for a provider that may give its data any name. The
/// hash is known where the data lie here and are small, or have an index already, or are scored
/// shards; nothing is written. Throws nothing: data that cannot be used here are not known here.
[[nodiscard]] std::optional<NamedData> named_data(const config::Options& options);

}  // namespace millrace::providers
