// All built-in models, one line each (models.h).
#include "trainer/models/models.h"

#include <algorithm>
#include <utility>

#include "trainer/base/registry.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/models/dit.h"
#include "trainer/models/gpt2.h"

namespace millrace::trainer {
namespace {

std::vector<ModelEntry> built_in() {
  return {
      bidirectional_model(),
      dit_model(),
      gpt2_model(),
  };
}

Registry<ModelEntry>& models() {
  static Registry<ModelEntry> all("model.architecture", built_in());
  return all;
}

std::int64_t tokens_of(const proto::StreamMeta& meta, proto::Role role) {
  const int field = meta.schema.find(role);
  return field < 0 ? 0
                   : static_cast<std::int64_t>(
                         meta.schema.fields[static_cast<std::size_t>(field)].values_per_sample());
}

}  // namespace

std::shared_ptr<Model> make_model(const config::ModelOptions& options,
                                  const proto::StreamMeta& meta) {
  return model_entry(options.architecture).make(options, meta);
}

const ModelEntry& model_entry(const std::string& name) { return models().at(name); }
std::vector<std::string> model_names() { return models().names(); }
void add_model(ModelEntry entry) { models().add(std::move(entry)); }

std::int64_t longest_sequence(const proto::StreamMeta& meta) {
  return std::max<std::int64_t>(meta.block_size, tokens_of(meta, proto::Role::kPrefix) +
                                                     tokens_of(meta, proto::Role::kInput));
}

}  // namespace millrace::trainer
