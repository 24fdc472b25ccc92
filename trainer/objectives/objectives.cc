// All built-in objectives, one line each; whether a stream and a network fit one (objectives.h).
#include "trainer/objectives/objectives.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "trainer/base/registry.h"
#include "trainer/models/models.h"
#include "trainer/objectives/autoregressive.h"
#include "trainer/objectives/cascade.h"
#include "trainer/objectives/d3pm_absorb.h"
#include "trainer/objectives/masked_lm.h"
#include "trainer/objectives/mdlm.h"
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

using config::UsageError;
using proto::StreamMeta;

std::vector<ObjectiveEntry> built_in() {
  return {
      autoregressive_objective(), cascade_objective(), d3pm_absorb_objective(),
      masked_lm_objective(),      mdlm_objective(),    sedd_objective(),
  };
}

Registry<ObjectiveEntry>& objectives() {
  static Registry<ObjectiveEntry> all("train.objective", built_in());
  return all;
}

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

std::string with_type(const NeededField& field) {
  return std::string(proto::to_string(field.role)) + " (" +
         std::string(proto::to_string(field.type)) + ")";
}

std::string fields_of(const proto::Schema& schema) {
  return base::joined(schema.fields, ", ", [](const proto::Field& field) {
    return with_type({field.role, field.logical});
  });
}

std::string key_of(const ObjectiveEntry& entry) {
  return "train.objective = " + quoted(entry.name);
}

std::string remedy(const ObjectiveEntry& entry) {
  if (entry.providers.empty()) return "; choose another train.objective";
  return "; choose provider.name = " + base::joined(entry.providers, " or ", quoted) +
         ", or another train.objective";
}

void require_fields(const ObjectiveEntry& entry, const StreamMeta& meta) {
  std::vector<std::string> missing;
  for (const NeededField& need : entry.fields) {
    const int found = meta.schema.find(need.role);
    if (found < 0 || meta.schema.fields[static_cast<std::size_t>(found)].logical != need.type) {
      missing.push_back(with_type(need));
    }
  }
  if (missing.empty()) return;
  throw UsageError(key_of(entry) + " needs fields that the stream of provider \"" + meta.provider +
                   "\" lacks: " + base::joined(missing) + "; it has " + fields_of(meta.schema) +
                   remedy(entry));
}

void require_mask(const ObjectiveEntry& entry, const StreamMeta& meta) {
  if (!entry.needs_mask || meta.mask_token_id) return;
  throw UsageError(key_of(entry) + " needs a [MASK] token, and the stream of provider \"" +
                   meta.provider + "\" has none" + remedy(entry));
}

void require_clean_text(const ObjectiveEntry& entry, const StreamMeta& meta) {
  if (!meta.mask_token_id && meta.schema.find(proto::Role::kTime) < 0) return;
  throw UsageError(key_of(entry) +
                   " needs text and its next tokens, and the stream of provider \"" +
                   meta.provider + "\" carries noised text" + remedy(entry));
}

void require_causal(const ObjectiveEntry& entry, const std::string& architecture) {
  if (model_entry(architecture).causal) return;
  std::vector<std::string> causal = model_names();
  std::erase_if(causal, [](const std::string& name) { return !model_entry(name).causal; });
  throw UsageError(key_of(entry) + " with model.architecture = \"" + architecture +
                   "\" would see the tokens that it is to predict; choose model.architecture = " +
                   base::joined(causal, " or ", quoted));
}

}  // namespace

bool ObjectiveEntry::has_timesteps() const {
  return std::ranges::find(fields, kTimestep) != fields.end();
}

std::unique_ptr<Objective> make_objective(const config::Options& options, const StreamMeta& meta) {
  const ObjectiveEntry& entry = objective_entry(options.train.objective);
  require_fields(entry, meta);
  require_mask(entry, meta);
  if (entry.prediction == Prediction::kNextToken) {
    require_clean_text(entry, meta);
    require_causal(entry, options.model.architecture);
  }
  auto objective = entry.make(options, meta);
  return meta.schema.find(proto::Role::kPrefix) < 0 ? std::move(objective)
                                                    : make_cascade(std::move(objective));
}

const ObjectiveEntry& objective_entry(const std::string& name) { return objectives().at(name); }
std::vector<std::string> objective_names() { return objectives().names(); }
void add_objective(ObjectiveEntry entry) { objectives().add(std::move(entry)); }

}  // namespace millrace::trainer
