// trainer.json: the state of a run as text, and back (checkpoint.h). Whoever wrote the text also
// wrote its digest, so every value is checked here, once: what a TrainerState holds can be used.
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.h"
#include "proto/checkpoint.h"
#include "proto/digest.h"
#include "proto/file_name.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"
#include "proto/stage_log_json.h"

namespace millrace::proto {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDigestKey = "xxh64";

/// More than any run gets to, and so far from 2^64 that a step, a window and an evaluation more do
/// not overflow.
constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
/// float16's scale doubles at most while gradients are finite, which they are not beyond f32.
constexpr double kMostLossScale = 0x1p127;

/// The value of a key: a whole number from 0 to kMost.
std::uint64_t count_at(const Json& json, const char* key) {
  if (const auto count = try_whole<std::uint64_t>(json.at(key), 0, kMost)) return *count;
  const bool is_number = json.at(key).is_number();
  throw std::runtime_error(std::string("its ") + key + " is " +
                           (is_number ? json_text(json.at(key)) : json.at(key).type_name()) +
                           ", and a run counts from 0 to " + std::to_string(kMost));
}

Json plateau_json(const PlateauState& plateau) {
  return {{"best_val_loss", plateau.best_val_loss ? Json(*plateau.best_val_loss) : Json()},
          {"stale_count", plateau.stale_count}};
}

PlateauState plateau_from(const Json& json) {
  const Json& best = json.at("best_val_loss");
  return {best.is_null() ? std::nullopt : std::optional(best.get<double>()),
          whole<std::uint64_t>(json.at("stale_count"))};
}

Json epoch_steps_json(const std::map<std::uint64_t, std::uint64_t>& steps) {
  Json json = Json::array();
  for (const auto& [epoch, step] : steps) json.push_back({epoch, step});
  return json;
}

/// Empty for checkpoints of earlier builds, which have none. A step is kept for one epoch: each one
/// is a link, and a list of the same step again and again would be as many.
std::map<std::uint64_t, std::uint64_t> epoch_steps_from(const Json& state) {
  std::map<std::uint64_t, std::uint64_t> steps;
  if (!state.contains("epoch_steps")) return steps;
  for (const Json& entry : state.at("epoch_steps")) {
    const auto epoch = whole<std::uint64_t>(entry.at(0));
    const auto step = whole<std::uint64_t>(entry.at(1));
    if (!steps.empty() && (epoch <= steps.rbegin()->first || step <= steps.rbegin()->second)) {
      throw std::runtime_error("its epoch_steps do not ascend at epoch " + std::to_string(epoch));
    }
    steps.emplace_hint(steps.end(), epoch, step);
  }
  return steps;
}

Json files_json(const std::map<std::string, FileDigest>& files) {
  Json json = Json::object();
  for (const auto& [name, digest] : files) {
    json[name] = {{"size_bytes", digest.size_bytes}, {"xxh64", digest.xxh64}};
  }
  return json;
}

std::map<std::string, FileDigest> files_from(const Json& json) {
  std::map<std::string, FileDigest> files;
  for (const auto& [name, digest] : json.items()) {
    (void)file_in({}, name, "a name in its files");
    files[name] = {whole<std::uint64_t>(digest.at("size_bytes")),
                   digest.at("xxh64").get<std::string>()};
  }
  return files;
}

Json machine_json(const TrainerState& state) {
  return {{"device", state.device},
          {"dtype", state.dtype},
          {"ranks", state.ranks},
          {"threads", state.threads},
          {"cpu_capability", state.cpu_capability},
          {"versions", state.versions}};
}

void read_machine(const Json& json, TrainerState& state) {
  json.at("device").get_to(state.device);
  json.at("dtype").get_to(state.dtype);
  state.ranks = whole<std::uint32_t>(json.at("ranks"));
  state.threads = whole<std::uint32_t>(json.at("threads"));
  json.at("cpu_capability").get_to(state.cpu_capability);
  json.at("versions").get_to(state.versions);
}

Json progress_json(const TrainerState& state) {
  return {{"format", kCheckpointFormat},
          {"step", state.step},
          {"cursors", {{"train", state.cursor}}},
          {"stage_log", stage_log_json(state.stage_log)},
          {"plateau", plateau_json(state.plateau)},
          {"evaluation_due", state.evaluation_due},
          {"best_val_loss", state.best_val_loss ? Json(*state.best_val_loss) : Json()},
          {"best_step", state.best_step},
          {"epoch_steps", epoch_steps_json(state.epoch_steps)},
          {"loss_scale", state.loss_scale},
          {"loss_scale_good", state.loss_scale_good},
          {"seed", state.seed},
          {"run_id", state.run_id},
          {"fingerprint", state.meta.fingerprint}};
}

double loss_scale_from(const Json& json) {
  const auto scale = json.get<double>();
  if (scale > 0 && scale <= kMostLossScale) return scale;
  throw std::runtime_error("its loss_scale is " + json_text(json) + ", which no gradient bears");
}

void read_progress(const Json& json, TrainerState& state) {
  state.step = count_at(json, "step");
  state.cursor = count_at(json.at("cursors"), "train");
  state.stage_log = stage_log_from(json.at("stage_log"));
  state.plateau = plateau_from(json.at("plateau"));
  json.at("evaluation_due").get_to(state.evaluation_due);
  if (const Json& best = json.at("best_val_loss"); !best.is_null()) {
    state.best_val_loss = best.get<double>();
  }
  state.best_step = count_at(json, "best_step");
  state.epoch_steps = epoch_steps_from(json);
  state.loss_scale = loss_scale_from(json.at("loss_scale"));
  state.loss_scale_good = whole<std::uint32_t>(json.at("loss_scale_good"));
  state.seed = whole<std::uint64_t>(json.at("seed"));
  json.at("run_id").get_to(state.run_id);
  (void)file_of_id({}, state.run_id, "its run_id");
}

/// Reads the stream's meta, and checks what of the run's state refers to it.
void read_meta(const Json& json, TrainerState& state) {
  state.meta = meta_from_json(json_text(json.at("meta")));
  if (json.at("fingerprint") != state.meta.fingerprint) {
    throw std::runtime_error("its fingerprint is not that of its meta");
  }
  const std::size_t stages = state.meta.train_stages.size();
  for (const StageLogEntry& entry : state.stage_log) {
    if (entry.stage < stages) continue;
    throw std::runtime_error("its stage_log names stage " + std::to_string(entry.stage) +
                             ", and its stream has " + base::counted(stages, "stage"));
  }
}

/// Removes the digest from the object and compares it with the digest of the rest.
void check_digest(Json& json) {
  const auto found = json.find(kDigestKey);
  if (found == json.end()) throw std::runtime_error("it has no digest");
  const auto expected = found->get<std::string>();
  json.erase(found);
  if (hex16(xxh64(json_text(json))) != expected) {
    throw std::runtime_error("its digest does not match its content");
  }
}

}  // namespace

std::string to_json(const TrainerState& state) {
  Json json = progress_json(state);
  json["machine"] = machine_json(state);
  json["files"] = files_json(state.files);
  json["meta"] = read_ordered_json(to_json(state.meta));
  json[kDigestKey] = hex16(xxh64(json_text(json)));
  return json_text(json, 2) + "\n";
}

TrainerState trainer_state_from_json(std::string_view text) {
  try {
    Json json = read_ordered_json(text);
    if (const auto format = whole<std::uint32_t>(json.at("format")); format != kCheckpointFormat) {
      throw std::runtime_error("it has format " + std::to_string(format) + "; this build reads " +
                               std::to_string(kCheckpointFormat));
    }
    check_digest(json);
    TrainerState state;
    read_progress(json, state);
    read_machine(json.at("machine"), state);
    state.files = files_from(json.at("files"));
    read_meta(json, state);
    return state;
  } catch (const std::exception& error) {  // of this file's checks, or of the JSON reader
    throw std::runtime_error(std::string(kTrainerFile) + " cannot be used: " + error.what());
  }
}

}  // namespace millrace::proto
