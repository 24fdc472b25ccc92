// The table of contents of all models.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/models/model.h"

namespace millrace::trainer {

/// The model that model.architecture names, sized by the recipe and by the stream's meta
/// (vocabulary and longest sequence), on the CPU. Throws UsageError for an unknown name, listing
/// the known ones.
[[nodiscard]] std::shared_ptr<Model> make_model(const config::ModelOptions& options,
                                                const proto::StreamMeta& meta);

/// What a model of this stream sees at once, in tokens: its input, and behind a cascade's prefix
/// both.
[[nodiscard]] std::int64_t longest_sequence(const proto::StreamMeta& meta);

/// Whether in a model of this name no position sees what follows it.
[[nodiscard]] bool is_causal(const std::string& architecture);

}  // namespace millrace::trainer
