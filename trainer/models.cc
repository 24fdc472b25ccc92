// Every model by name (models.h). A new one needs its own file and one line here.
#include "trainer/models.h"

#include <map>
#include <string>

#include "config/errors.h"
#include "trainer/bidirectional_transformer.h"

namespace millrace::trainer {
namespace {

using Make = std::shared_ptr<Model> (*)(const config::ModelOptions&, const proto::StreamMeta&);

std::shared_ptr<Model> bidirectional(const config::ModelOptions& options, const proto::StreamMeta& meta) {
  return make_bidirectional_transformer({.vocab_size = meta.vocab_size,
                                         .block_size = meta.block_size,
                                         .n_layer = options.n_layer,
                                         .n_head = options.n_head,
                                         .n_embd = options.n_embd,
                                         .dropout = options.dropout});
}

const std::map<std::string, Make> kModels{{"bidirectional", bidirectional}};

}  // namespace

std::shared_ptr<Model> make_model(const config::ModelOptions& options, const proto::StreamMeta& meta) {
  if (const auto found = kModels.find(options.architecture); found != kModels.end()) return found->second(options, meta);
  std::string known;
  for (const auto& [name, make] : kModels) known += (known.empty() ? "" : ", ") + name;
  throw config::UsageError("model.architecture = \"" + options.architecture + "\" is unknown; known: " + known);
}

}  // namespace millrace::trainer
