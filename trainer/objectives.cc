// Every objective by name (objectives.h). A new one needs its own file and one line here.
#include "trainer/objectives.h"

#include <map>

#include "config/errors.h"
#include "trainer/masked_lm.h"

namespace millrace::trainer {
namespace {

using Make = std::unique_ptr<Objective> (*)(const proto::StreamMeta&);

std::unique_ptr<Objective> masked_lm(const proto::StreamMeta& meta) { return make_masked_lm(meta.ignore_index); }

const std::map<std::string, Make> kObjectives{{"mlm", masked_lm}};

}  // namespace

std::unique_ptr<Objective> make_objective(const std::string& name, const proto::StreamMeta& meta) {
  if (const auto found = kObjectives.find(name); found != kObjectives.end()) return found->second(meta);
  std::string known;
  for (const auto& [known_name, make] : kObjectives) known += (known.empty() ? "" : ", ") + known_name;
  throw config::UsageError("train.objective = \"" + name + "\" is unknown; known: " + known);
}

}  // namespace millrace::trainer
