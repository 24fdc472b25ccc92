// The registry of models. A model is a header and a source file in this folder, and one line in
// models.cc (docs/how-to/add_a_model.md). Free of LibTorch; model.h has the interface.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/options.h"
#include "proto/meta.h"

namespace millrace::trainer {

class Model;

/// The traits of a model that other rooms ask for, and how to make it.
struct ModelEntry {
  std::string name;     ///< as model.architecture has it
  bool causal = false;  ///< no position sees later ones
  /// The model, on the CPU, sized by the recipe and by the stream's meta: vocab_size, and
  /// longest_sequence(). Parameters start from LibTorch's default generator.
  std::shared_ptr<Model> (*make)(const config::ModelOptions&, const proto::StreamMeta&) = nullptr;
};

/// The model that model.architecture names. Throws UsageError for an unknown name, listing the
/// known ones.
[[nodiscard]] std::shared_ptr<Model> make_model(const config::ModelOptions& options,
                                                const proto::StreamMeta& meta);

/// The entry of this name. Throws UsageError as make_model does.
[[nodiscard]] const ModelEntry& model_entry(const std::string& name);
/// The names of all models, in alphabetical order.
[[nodiscard]] std::vector<std::string> model_names();
/// Adds a model that is not built in, before another thread uses the registry. Throws
/// std::invalid_argument for a name that is taken.
void add_model(ModelEntry entry);

/// How many tokens a model sees at once on this stream: the block size, or the prefix and the input
/// together where that is more.
[[nodiscard]] std::int64_t longest_sequence(const proto::StreamMeta& meta);

}  // namespace millrace::trainer
