// trainer.json: the state of a run as text, and back (checkpoint.h).
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "proto/checkpoint.h"
#include "proto/digest.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"
#include "proto/stage_log_json.h"

namespace millrace::proto {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDigestKey = "xxh64";

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

/// Empty for checkpoints of earlier builds, which have none.
std::map<std::uint64_t, std::uint64_t> epoch_steps_from(const Json& state) {
  std::map<std::uint64_t, std::uint64_t> steps;
  if (!state.contains("epoch_steps")) return steps;
  for (const Json& entry : state.at("epoch_steps")) {
    steps[whole<std::uint64_t>(entry.at(0))] = whole<std::uint64_t>(entry.at(1));
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

void read_progress(const Json& json, TrainerState& state) {
  state.step = whole<std::uint64_t>(json.at("step"));
  state.cursor = whole<std::uint64_t>(json.at("cursors").at("train"));
  state.stage_log = stage_log_from(json.at("stage_log"));
  state.plateau = plateau_from(json.at("plateau"));
  json.at("evaluation_due").get_to(state.evaluation_due);
  if (const Json& best = json.at("best_val_loss"); !best.is_null()) {
    state.best_val_loss = best.get<double>();
  }
  state.best_step = whole<std::uint64_t>(json.at("best_step"));
  state.epoch_steps = epoch_steps_from(json);
  json.at("loss_scale").get_to(state.loss_scale);
  state.loss_scale_good = whole<std::uint32_t>(json.at("loss_scale_good"));
  state.seed = whole<std::uint64_t>(json.at("seed"));
  json.at("run_id").get_to(state.run_id);
}

/// A limit for foreign JSON: trainer.json nests four deep, and a text that nests without end would
/// overflow the stack when its digest is computed.
bool not_too_deep(int depth, Json::parse_event_t, Json&) {
  constexpr int kDeepest = 32;
  if (depth > kDeepest) throw std::runtime_error("it nests deeper than any checkpoint's");
  return true;
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
    Json json = Json::parse(text, not_too_deep);
    if (const auto format = whole<std::uint32_t>(json.at("format")); format != kCheckpointFormat) {
      throw std::runtime_error("it has format " + std::to_string(format) + "; this build reads " +
                               std::to_string(kCheckpointFormat));
    }
    check_digest(json);
    TrainerState state;
    read_progress(json, state);
    read_machine(json.at("machine"), state);
    state.files = files_from(json.at("files"));
    state.meta = meta_from_json(json_text(json.at("meta")));
    return state;
  } catch (const std::exception& error) {  // of this file's checks, or of the JSON reader
    throw std::runtime_error(std::string(kTrainerFile) + " cannot be used: " + error.what());
  }
}

}  // namespace millrace::proto
