// Checkpoints: trainer.json, and the order of operations that makes a folder complete or not there.
#include "proto/checkpoint.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ranges>
#include <stdexcept>
#include <utility>

#include "proto/digest.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"
#include "proto/stage_log_json.h"
#include "proto/text.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kEpochPrefix = "epoch-";
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

/// Reads a file. Empty where there is none.
std::optional<FileDigest> digest_of(const fs::path& path, Disk& disk) {
  const auto content = disk.read(path, Disk::kAll);
  if (!content) return std::nullopt;
  return FileDigest{content->bytes.size(), hex16(xxh64(content->bytes))};
}

std::string numbered(std::string_view prefix, int digits, std::uint64_t number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%s%0*llu", prefix.data(), digits,
                static_cast<unsigned long long>(number));
  return name.data();
}

/// The number in a name that `name_of` writes, such as "step-00001234"; empty for any other name.
std::optional<std::uint64_t> number_in(const std::string& name, std::string_view prefix,
                                       std::string (*name_of)(std::uint64_t)) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const auto number = parse_number<std::uint64_t>(std::string_view(name).substr(prefix.size()));
  return number && name_of(*number) == name ? number : std::nullopt;
}

std::optional<std::uint64_t> step_of(const std::string& name) {
  return number_in(name, kPrefix, checkpoint_name);
}

bool is_link(const std::string& name) {
  return name == kLatestLink || name == kBestLink || name == kFinalLink ||
         number_in(name, kEpochPrefix, epoch_link);
}

/// Throws std::runtime_error naming the first file that differs from trainer.json.
void check_files(const fs::path& folder, const TrainerState& state, Disk& disk) {
  for (const auto& [name, digest] : state.files) {
    const auto entry = disk.stat(folder / name);
    if (!entry) throw std::runtime_error(name + " is missing");
    if (entry->size_bytes != digest.size_bytes) {
      throw std::runtime_error(name + " has " + std::to_string(entry->size_bytes) +
                               " bytes instead of " + std::to_string(digest.size_bytes));
    }
    if (digest_of(folder / name, disk) != digest) {
      throw std::runtime_error(name + " has changed bytes (xxh64)");
    }
  }
}

bool is_folder(const fs::path& path, Disk& disk) {
  const auto entry = disk.stat(path);
  return entry && entry->is_folder;
}

/// Renames the checkpoint, then removes it, so that none is ever half removed.
void remove_checkpoint(const fs::path& folder, Disk& disk) {
  const fs::path going = temporary_name(folder);
  disk.rename(folder, going);
  remove_all(going, disk);
}

/// Renames the checkpoint to superseded-…
void set_aside(const fs::path& out_dir, std::uint64_t step, Disk& disk) {
  const fs::path superseded = out_dir / ("superseded-" + checkpoint_name(step));
  remove_all(superseded, disk);
  disk.rename(out_dir / checkpoint_name(step), superseded);
}

/// Sets these links where their checkpoints are there, and removes all others.
void set_links(const fs::path& out_dir, const Links& links, const std::vector<std::uint64_t>& steps,
               Disk& disk) {
  const auto is_there = [&](std::uint64_t step) { return std::ranges::binary_search(steps, step); };
  for (const auto& [link, step] : links) {
    if (is_there(step)) {
      link_checkpoint(out_dir, link, step, disk);
    }
  }
  for (const std::string& name : disk.list(out_dir)) {
    const auto link = links.find(name);
    if (is_link(name) && (link == links.end() || !is_there(link->second))) {
      disk.remove(out_dir / name);
    }
  }
}

/// Removes the temporary files of writers and removers that died.
void remove_leftovers(const fs::path& out_dir, Disk& disk) {
  for (const std::string& name : disk.list(out_dir)) {
    for (const std::string_view prefix :
         {kPrefix, kEpochPrefix, std::string_view(kLatestLink), std::string_view(kBestLink),
          std::string_view(kFinalLink)}) {
      if (name.starts_with("." + std::string(prefix))) {
        remove_all(out_dir / name, disk);
      }
    }
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

std::string checkpoint_name(std::uint64_t step) { return numbered(kPrefix, 8, step); }
std::string epoch_link(std::uint64_t epoch) { return numbered(kEpochPrefix, 4, epoch); }

Links links_of(const TrainerState& state) {
  Links links;
  if (state.best_val_loss) links[kBestLink] = state.best_step;
  for (const auto& [epoch, step] : state.epoch_steps) links[epoch_link(epoch)] = step;
  return links;
}

std::vector<std::uint64_t> checkpoint_steps(const fs::path& out_dir, Disk& disk) {
  std::vector<std::uint64_t> steps;
  for (const std::string& name : disk.list(out_dir)) {
    if (const auto step = step_of(name); step && is_folder(out_dir / name, disk)) {
      steps.push_back(*step);
    }
  }
  std::ranges::sort(steps);
  return steps;
}

std::optional<Checkpoint> open_checkpoint(const fs::path& folder, std::string& damage, Disk& disk) {
  try {
    Checkpoint checkpoint{folder, trainer_state_from_json(read_file(folder / kTrainerFile, disk))};
    check_files(folder, checkpoint.state, disk);
    return checkpoint;
  } catch (const std::runtime_error& error) {
    damage = error.what();
    return std::nullopt;
  }
}

std::optional<Checkpoint> find_newest_whole(const fs::path& out_dir,
                                            const std::function<void(const std::string&)>& report,
                                            Disk& disk) {
  const auto steps = checkpoint_steps(out_dir, disk);
  for (const std::uint64_t step : steps | std::views::reverse) {
    const fs::path folder = out_dir / checkpoint_name(step);
    std::string damage;
    if (auto checkpoint = open_checkpoint(folder, damage, disk)) return checkpoint;
    report(folder.string() + " is not whole: " + damage + "; skipping it");
  }
  return std::nullopt;
}

CheckpointWriter::CheckpointWriter(const fs::path& out_dir, std::uint64_t step, Disk& disk)
    : disk_(disk),
      out_dir_(out_dir),
      folder_(out_dir / checkpoint_name(step)),
      temporary_(temporary_name(folder_)) {
  make_durable_folders(out_dir_, disk_);
  disk_.make_folder(temporary_);
}

CheckpointWriter::~CheckpointWriter() {
  if (!committing_) try_remove_all(temporary_, disk_);
}

void CheckpointWriter::write(std::string_view name, std::span<const std::string_view> pieces) {
  Digest digest;
  std::uint64_t size_bytes = 0;
  for (const std::string_view piece : pieces) {
    digest.update(std::as_bytes(std::span(piece)));
    size_bytes += piece.size();
  }
  disk_.write(temporary_ / name, pieces);
  files_[std::string(name)] = {size_bytes, hex16(digest.value())};
}

void CheckpointWriter::write(std::string_view name, std::string_view content) {
  write(name, std::span(&content, 1));
}

void CheckpointWriter::commit(TrainerState state) {
  state.files = files_;
  write(kTrainerFile, to_json(state));
  for (const auto& [name, digest] : files_) disk_.sync(temporary_ / name);
  disk_.sync(temporary_);
  put_in_place();
  link_checkpoint(out_dir_, kLatestLink, state.step, disk_);
}

/// Gives the folder its name. An older checkpoint of the step gets the temporary name, and is
/// removed once the new name is durable. On a file system that cannot swap two names, there is a
/// moment without either.
void CheckpointWriter::put_in_place() {
  committing_ = true;
  if (!disk_.stat(folder_)) {
    disk_.rename(temporary_, folder_);
  } else if (!disk_.exchange(temporary_, folder_)) {
    const fs::path replaced = temporary_name(folder_);
    disk_.rename(folder_, replaced);
    disk_.rename(temporary_, folder_);
    disk_.rename(replaced, temporary_);
  }
  disk_.sync(out_dir_);
  try_remove_all(temporary_, disk_);
}

void link_checkpoint(const fs::path& out_dir, const std::string& link, std::uint64_t step,
                     Disk& disk) {
  const fs::path temporary = temporary_name(out_dir / link);
  disk.link(checkpoint_name(step), temporary);
  disk.rename(temporary, out_dir / link);
}

void link_final(const fs::path& out_dir, std::uint64_t step, Disk& disk) {
  if (!disk.stat(out_dir / checkpoint_name(step))) return;
  link_checkpoint(out_dir, kFinalLink, step, disk);
  disk.sync(out_dir);
}

void remove_old_checkpoints(const fs::path& out_dir, std::uint32_t keep, const Links& links,
                            Disk& disk) {
  const auto is_linked = [&](std::uint64_t step) {
    return std::ranges::any_of(links, [step](const auto& link) { return link.second == step; });
  };
  auto steps = checkpoint_steps(out_dir, disk);
  steps.resize(steps.size() - std::min<std::size_t>(keep, steps.size()));
  for (const std::uint64_t step : steps) {
    if (!is_linked(step)) {
      remove_checkpoint(out_dir / checkpoint_name(step), disk);
    }
  }
}

void roll_back_to(const fs::path& out_dir, std::uint64_t step, const Links& links, Disk& disk) {
  make_durable_folders(out_dir, disk);
  const auto steps = checkpoint_steps(out_dir, disk);
  Links all = links;
  all[kLatestLink] = step;
  set_links(out_dir, all, steps, disk);
  for (const std::uint64_t later :
       steps | std::views::reverse |
           std::views::take_while([&](std::uint64_t s) { return s > step; })) {
    set_aside(out_dir, later, disk);
  }
  remove_leftovers(out_dir, disk);
  disk.sync(out_dir);
}

}  // namespace millrace::proto
