// Folders and trainer.json of checkpoints (checkpoint.h).
#include "proto/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "proto/digest.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/meta_json.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "step-";
constexpr const char* kDigestKey = "xxh64";

Json stage_log_json(const StageLog& log) {
  Json json = Json::array();
  for (const StageLogEntry& entry : log) json.push_back({entry.first_index, entry.stage});
  return json;
}

StageLog stage_log_from(const Json& json) {
  StageLog log;
  for (const Json& entry : json) log.push_back({whole<std::uint64_t>(entry.at(0)), whole<std::uint8_t>(entry.at(1))});
  return log;
}

Json plateau_json(const PlateauState& plateau) {
  return {{"best_val_loss", plateau.best_val_loss ? Json(*plateau.best_val_loss) : Json()}, {"stale_count", plateau.stale_count}};
}

PlateauState plateau_from(const Json& json) {
  const Json& best = json.at("best_val_loss");
  return {best.is_null() ? std::nullopt : std::optional(best.get<double>()), whole<std::uint64_t>(json.at("stale_count"))};
}

Json files_json(const std::map<std::string, FileFacts>& files) {
  Json json = Json::object();
  for (const auto& [name, facts] : files) json[name] = {{"size_bytes", facts.size_bytes}, {"xxh64", facts.xxh64}};
  return json;
}

std::map<std::string, FileFacts> files_from(const Json& json) {
  std::map<std::string, FileFacts> files;
  for (const auto& [name, facts] : json.items())
    files[name] = {whole<std::uint64_t>(facts.at("size_bytes")), facts.at("xxh64").get<std::string>()};
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
  if (const Json& best = json.at("best_val_loss"); !best.is_null()) state.best_val_loss = best.get<double>();
  state.best_step = whole<std::uint64_t>(json.at("best_step"));
  json.at("loss_scale").get_to(state.loss_scale);
  state.loss_scale_good = whole<std::uint32_t>(json.at("loss_scale_good"));
  state.seed = whole<std::uint64_t>(json.at("seed"));
  json.at("run_id").get_to(state.run_id);
}

/// trainer.json nests four deep. What nests without end would overflow the stack when its digest is taken.
bool not_too_deep(int depth, Json::parse_event_t, Json&) {
  constexpr int kDeepest = 32;
  if (depth > kDeepest) throw std::runtime_error("it nests deeper than any checkpoint's");
  return true;
}

/// Takes the digest out of the object and compares it with that of the rest.
void check_digest(Json& json) {
  const auto found = json.find(kDigestKey);
  if (found == json.end()) throw std::runtime_error("it has no digest");
  const auto expected = found->get<std::string>();
  json.erase(found);
  if (hex16(xxh64(json.dump())) != expected) throw std::runtime_error("its digest does not match its content");
}

FileFacts facts_of(const fs::path& path) {
  const std::string content = read_file(path);
  return {content.size(), hex16(xxh64(content))};
}

/// The step in "step-00001234"; empty for any other name.
std::optional<std::uint64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t step = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
  return error == std::errc{} && checkpoint_name(step) == name ? std::optional(step) : std::nullopt;
}

/// Throws std::runtime_error naming the first file that is not as trainer.json says.
void check_files(const fs::path& folder, const TrainerState& state) {
  for (const auto& [name, facts] : state.files) {
    std::error_code error;
    const std::uint64_t size_bytes = fs::file_size(folder / name, error);
    if (error) throw std::runtime_error(name + " is missing");
    if (size_bytes != facts.size_bytes)
      throw std::runtime_error(name + " has " + std::to_string(size_bytes) + " bytes instead of " +
                               std::to_string(facts.size_bytes));
    if (facts_of(folder / name) != facts) throw std::runtime_error(name + " has changed bytes (xxh64)");
  }
}

}  // namespace

std::string to_json(const TrainerState& state) {
  Json json = progress_json(state);
  json["machine"] = machine_json(state);
  json["files"] = files_json(state.files);
  json["meta"] = Json::parse(to_json(state.meta));
  json[kDigestKey] = hex16(xxh64(json.dump()));
  return json.dump(2) + "\n";
}

TrainerState trainer_state_from_json(std::string_view text) {
  try {
    Json json = Json::parse(text, not_too_deep);
    if (const auto format = whole<std::uint32_t>(json.at("format")); format != kCheckpointFormat)
      throw std::runtime_error("it has format " + std::to_string(format) + "; this build reads " +
                               std::to_string(kCheckpointFormat));
    check_digest(json);
    TrainerState state;
    read_progress(json, state);
    read_machine(json.at("machine"), state);
    state.files = files_from(json.at("files"));
    state.meta = meta_from_json(json.at("meta").dump());
    return state;
  } catch (const std::exception& error) {  // ours, or the JSON reader's
    throw std::runtime_error(std::string(kTrainerFile) + " cannot be used: " + error.what());
  }
}

std::string checkpoint_name(std::uint64_t step) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%s%08llu", kPrefix.data(), static_cast<unsigned long long>(step));
  return name.data();
}

std::vector<std::uint64_t> checkpoint_steps(const fs::path& out_dir) {
  std::vector<std::uint64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out_dir, error))
    if (const auto step = step_of(entry.path().filename().string()); step && entry.is_directory()) steps.push_back(*step);
  std::ranges::sort(steps);
  return steps;
}

std::optional<Checkpoint> open_checkpoint(const fs::path& folder, std::string& damage) {
  try {
    Checkpoint checkpoint{folder, trainer_state_from_json(read_file(folder / kTrainerFile))};
    check_files(folder, checkpoint.state);
    return checkpoint;
  } catch (const std::runtime_error& error) {
    damage = error.what();
    return std::nullopt;
  }
}

std::optional<Checkpoint> find_newest_whole(const fs::path& out_dir, const std::function<void(const std::string&)>& report) {
  const auto steps = checkpoint_steps(out_dir);
  for (const std::uint64_t step : steps | std::views::reverse) {
    const fs::path folder = out_dir / checkpoint_name(step);
    std::string damage;
    if (auto checkpoint = open_checkpoint(folder, damage)) return checkpoint;
    report(folder.string() + " is not whole: " + damage + "; skipping it");
  }
  return std::nullopt;
}

CheckpointWriter::CheckpointWriter(const fs::path& out_dir, std::uint64_t step)
    : out_dir_(out_dir), folder_(out_dir / checkpoint_name(step)), temporary_(temporary_name(folder_)) {
  fs::create_directories(temporary_);
}

CheckpointWriter::~CheckpointWriter() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void CheckpointWriter::commit(TrainerState state) {
  state.files.clear();
  for (const auto& entry : fs::directory_iterator(temporary_))
    state.files[entry.path().filename().string()] = facts_of(entry.path());
  replace_file(file(kTrainerFile), to_json(state));
  for (const auto& entry : fs::directory_iterator(temporary_)) sync(entry.path());
  sync(temporary_);
  const fs::path replaced = temporary_name(folder_);
  if (fs::exists(folder_)) fs::rename(folder_, replaced);
  fs::rename(temporary_, folder_);
  sync(out_dir_);
  fs::remove_all(replaced);
  link_checkpoint(out_dir_, kLatestLink, state.step);
}

void link_checkpoint(const fs::path& out_dir, const char* link, std::uint64_t step) {
  const fs::path temporary = temporary_name(out_dir / link);
  fs::create_directory_symlink(checkpoint_name(step), temporary);
  fs::rename(temporary, out_dir / link);
}

void remove_old_checkpoints(const fs::path& out_dir, std::uint32_t keep, std::uint64_t best_step) {
  auto steps = checkpoint_steps(out_dir);
  steps.resize(steps.size() - std::min<std::size_t>(keep, steps.size()));
  for (const std::uint64_t step : steps)
    if (step != best_step) fs::remove_all(out_dir / checkpoint_name(step));
}

void go_back_to(const fs::path& out_dir, std::uint64_t step, std::uint64_t best_step) {
  fs::create_directories(out_dir);
  const auto steps = checkpoint_steps(out_dir);
  for (const std::uint64_t later : steps | std::views::filter([&](std::uint64_t s) { return s > step; })) {
    const fs::path superseded = out_dir / ("superseded-" + checkpoint_name(later));
    fs::remove_all(superseded);
    fs::rename(out_dir / checkpoint_name(later), superseded);
  }
  for (const auto& entry : fs::directory_iterator(out_dir))
    if (entry.path().filename().string().starts_with("." + std::string(kPrefix))) fs::remove_all(entry.path());
  for (const auto& [link, target] : {std::pair(kLatestLink, step), std::pair(kBestLink, best_step)}) {
    fs::remove(out_dir / link);
    if (std::ranges::binary_search(steps, target)) link_checkpoint(out_dir, link, target);
  }
}

}  // namespace millrace::proto
