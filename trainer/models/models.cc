// Every model by name (models.h). A new one needs its own file and one line here.
#include "trainer/models/models.h"

#include <algorithm>
#include <map>

#include "config/errors.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/models/dit.h"
#include "trainer/models/gpt2.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using proto::StreamMeta;

std::int64_t tokens_of(const StreamMeta& meta, Role role) {
  const int field = meta.schema.find(role);
  return field < 0 ? 0
                   : static_cast<std::int64_t>(
                         meta.schema.fields[static_cast<std::size_t>(field)].values_per_sample());
}

std::shared_ptr<Model> bidirectional(const config::ModelOptions& options, const StreamMeta& meta) {
  const bool told = options.time_conditioning && meta.schema.find(Role::kTime) >= 0;
  return make_bidirectional_transformer({.vocab_size = meta.vocab_size,
                                         .block_size = longest_sequence(meta),
                                         .n_layer = options.n_layer,
                                         .n_head = options.n_head,
                                         .n_embd = options.n_embd,
                                         .dropout = options.dropout,
                                         .cond_dim = told ? options.cond_dim : 0});
}

std::shared_ptr<Model> dit(const config::ModelOptions& options, const StreamMeta& meta) {
  return make_dit({.vocab_size = meta.vocab_size,
                   .block_size = longest_sequence(meta),
                   .n_layer = options.n_layer,
                   .n_head = options.n_head,
                   .n_embd = options.n_embd,
                   .cond_dim = options.cond_dim,
                   .dropout = options.dropout,
                   .time_conditioning = options.time_conditioning});
}

std::shared_ptr<Model> gpt2(const config::ModelOptions& options, const StreamMeta& meta) {
  return make_gpt2({.vocab_size = meta.vocab_size,
                    .block_size = longest_sequence(meta),
                    .n_layer = options.n_layer,
                    .n_head = options.n_head,
                    .n_embd = options.n_embd,
                    .dropout = options.dropout,
                    .bias = options.bias});
}

struct Kind {
  std::shared_ptr<Model> (*make)(const config::ModelOptions&, const StreamMeta&);
  bool causal;
};
const std::map<std::string, Kind> kModels{
    {"bidirectional", {bidirectional, false}}, {"dit", {dit, false}}, {"gpt2", {gpt2, true}}};

}  // namespace

std::int64_t longest_sequence(const StreamMeta& meta) {
  return std::max<std::int64_t>(meta.block_size,
                                tokens_of(meta, Role::kPrefix) + tokens_of(meta, Role::kInput));
}

std::shared_ptr<Model> make_model(const config::ModelOptions& options, const StreamMeta& meta) {
  if (const auto found = kModels.find(options.architecture); found != kModels.end()) {
    return found->second.make(options, meta);
  }
  std::string known;
  for (const auto& [name, kind] : kModels) known += (known.empty() ? "" : ", ") + name;
  throw config::UsageError("model.architecture = \"" + options.architecture +
                           "\" is unknown; known: " + known);
}

bool is_causal(const std::string& architecture) {
  const auto found = kModels.find(architecture);
  return found != kModels.end() && found->second.causal;
}

}  // namespace millrace::trainer
