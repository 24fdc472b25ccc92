// Checkpoints as folders: the order of operations that makes one complete or not there, and which
// names in a run's folder are ours.
#include "proto/checkpoint.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ranges>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "proto/digest.h"
#include "proto/files.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kEpochPrefix = "epoch-";
/// A trainer.json is mostly the vocabulary: a few MB for the largest.
constexpr std::uint64_t kMaxTrainerBytes = std::uint64_t{256} << 20;
/// The files of a checkpoint's folder.
constexpr std::array<std::string_view, 5> kFiles{kModelFile, kEmaFile, kOptimizerFile, kConfigFile,
                                                 kTrainerFile};

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
  const auto number =
      base::parse_number<std::uint64_t>(std::string_view(name).substr(prefix.size()));
  return number && name_of(*number) == name ? number : std::nullopt;
}

std::optional<std::uint64_t> step_of(const std::string& name) {
  return number_in(name, kPrefix, checkpoint_name);
}

bool is_link(const std::string& name) {
  return name == kLatestLink || name == kBestLink || name == kFinalLink ||
         number_in(name, kEpochPrefix, epoch_link);
}

/// The state in a folder's trainer.json. Throws std::runtime_error where it cannot be used.
TrainerState read_state(const fs::path& folder, Disk& disk) {
  const fs::path path = folder / kTrainerFile;
  if (const auto entry = disk.stat(path); entry && entry->size_bytes > kMaxTrainerBytes) {
    throw std::runtime_error(std::string(kTrainerFile) + " has " +
                             std::to_string(entry->size_bytes) + " bytes, more than any run's");
  }
  return trainer_state_from_json(read_file(path, disk));
}

/// Throws std::runtime_error naming the first file of a checkpoint's names that trainer.json does
/// not list, or the first needed one that differs from it.
void check_files(const fs::path& folder, const TrainerState& state, CheckpointUse use, Disk& disk) {
  for (const std::string_view name : kFiles) {
    if (name == kTrainerFile || state.files.contains(std::string(name))) continue;
    if (!disk.stat(folder / name)) continue;
    throw std::runtime_error(std::string(name) + " is none of the files that trainer.json lists");
  }
  for (const auto& [name, digest] : state.files) {
    const bool is_optimizer = name == kOptimizerFile;
    if (is_optimizer && use == CheckpointUse::kModel) continue;
    const auto entry = disk.stat(folder / name);
    if (!entry) {
      throw std::runtime_error(
          name + " is missing" +
          (is_optimizer ? ", without which it can be sampled and evaluated, but not resumed" : ""));
    }
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

/// Whether there is anything of this name, a dangling link too.
bool is_taken(const fs::path& path, Disk& disk) {
  return disk.link_target(path) || disk.stat(path);
}

// --- By content

/// A folder with the name of a checkpoint.
struct Found {
  std::uint64_t step = 0;  ///< by its trainer.json; by its name where that cannot be read
  fs::path folder;
  std::optional<TrainerState> state;

  [[nodiscard]] bool has_right_name() const { return folder.filename() == checkpoint_name(step); }
};

/// The state in a folder's trainer.json; empty where that is missing or damaged.
std::optional<TrainerState> state_in(const fs::path& folder, Disk& disk) try {
  return read_state(folder, disk);
} catch (const std::runtime_error&) {
  return std::nullopt;
}

/// The checkpoints of OUT, complete or not, the newest first; of two of one step, first the one
/// with the step's name.
std::vector<Found> newest_first(const fs::path& out_dir, Disk& disk) {
  std::vector<Found> all;
  for (const std::uint64_t named : checkpoint_steps(out_dir, disk)) {
    fs::path folder = out_dir / checkpoint_name(named);
    auto state = state_in(folder, disk);
    all.push_back({state ? state->step : named, std::move(folder), std::move(state)});
  }
  std::ranges::sort(all, std::greater{}, [](const Found& found) {
    return std::pair(found.step, found.has_right_name());
  });
  return all;
}

// --- What is ours

/// Whether it is a checkpoint of this run: a folder, and no link to one, whose trainer.json says
/// so.
bool is_of_run(const fs::path& folder, const std::string& run_id, Disk& disk) {
  if (disk.link_target(folder)) return false;
  const auto state = state_in(folder, disk);
  return state && state->run_id == run_id;
}

/// Whether it is a folder of no files but a checkpoint's.
bool holds_a_checkpoint_alone(const fs::path& folder, Disk& disk) {
  return !disk.link_target(folder) && is_folder(folder, disk) &&
         std::ranges::all_of(disk.list(folder), [](const std::string& name) {
           return std::ranges::find(kFiles, name) != kFiles.end();
         });
}

/// Whether `folder` holds what a complete checkpoint of OUT holds too, as where a copy followed the
/// links (cp -rL).
bool is_copy(const fs::path& out_dir, const fs::path& folder, Disk& disk) {
  const auto state = state_in(folder, disk);
  if (!state || !holds_a_checkpoint_alone(folder, disk)) return false;
  std::string damage;
  const auto original = open_checkpoint(out_dir / checkpoint_name(state->step), damage, disk);
  return original && original->state == *state;
}

/// Whether a text is the target of one of our links.
bool is_target(std::string text) {
  while (text.ends_with('/') || text.ends_with('\n')) text.pop_back();
  return step_of(text).has_value();
}

/// Whether OUT/`name` is a link of somebody else: readers leave it alone, wherever it leads.
bool is_foreign_link(const fs::path& path, Disk& disk) {
  const auto target = disk.link_target(path);
  return target && !is_target(target->string());
}

/// Whether OUT/`name`, the name of a link, is free or ours: such a link, the text of one (from a
/// copy that cannot make links), or a copy of the checkpoint.
bool is_ours_or_free(const fs::path& out_dir, const std::string& name, Disk& disk) {
  constexpr std::size_t kLongestTarget = 64;
  const fs::path path = out_dir / name;
  if (const auto target = disk.link_target(path)) return is_target(target->string());
  const auto entry = disk.stat(path);
  if (!entry) return true;
  if (entry->is_folder) return is_copy(out_dir, path, disk);
  if (entry->size_bytes > kLongestTarget) return false;
  try {
    return is_target(read_file(path, disk));
  } catch (const DiskError&) {  // no file: a pipe, or a device
    return false;
  }
}

/// Removes a link, or what a copy made of it.
void remove_link(const fs::path& path, Disk& disk) {
  if (disk.link_target(path) || !is_folder(path, disk)) {
    disk.remove(path);
    return;
  }
  const fs::path going = temporary_name(path);
  disk.rename(path, going);
  remove_all(going, disk);
}

/// Renames `folder` to superseded-…, in place of an older one that holds a checkpoint alone.
/// `step`: the one in its name.
void set_aside(const fs::path& out_dir, const fs::path& folder, std::uint64_t step, Disk& disk) {
  const std::string name = "superseded-" + checkpoint_name(step);
  fs::path superseded = out_dir / name;
  for (int n = 2; is_taken(superseded, disk) && !holds_a_checkpoint_alone(superseded, disk); ++n) {
    superseded = out_dir / (name + '.' + std::to_string(n));
  }
  remove_all(superseded, disk);
  disk.rename(folder, superseded);
}

/// Removes a checkpoint that has a temporary name. What else is in its folder is set aside.
void discard(const fs::path& out_dir, const fs::path& going, std::uint64_t step, Disk& disk) {
  if (disk.link_target(going)) {
    disk.remove(going);
    return;
  }
  if (is_folder(going, disk)) {
    for (const std::string_view name : kFiles) disk.remove(going / name);
    if (disk.remove(going)) return;
  }
  set_aside(out_dir, going, step, disk);
}

/// Renames the checkpoint, then removes it, so that none is ever half removed.
void remove_checkpoint(const fs::path& out_dir, std::uint64_t step, Disk& disk) {
  const fs::path folder = out_dir / checkpoint_name(step);
  const fs::path going = temporary_name(folder);
  disk.rename(folder, going);
  discard(out_dir, going, step, disk);
}

/// Gives each checkpoint that has another step's name that of its own. Where a complete one has
/// that, it is set aside.
void set_names_right(const fs::path& out_dir, Disk& disk) {
  for (const Found& found : newest_first(out_dir, disk)) {
    if (found.has_right_name() || !is_taken(found.folder, disk)) continue;
    const fs::path right = out_dir / checkpoint_name(found.step);
    std::string damage;
    if (open_checkpoint(right, damage, disk)) {
      set_aside(out_dir, found.folder, *step_of(found.folder.filename().string()), disk);
      continue;
    }
    if (is_taken(right, disk)) set_aside(out_dir, right, found.step, disk);
    disk.rename(found.folder, right);
  }
}

/// Sets these links where their checkpoints are there, and removes all others of ours.
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
    const bool is_wanted = link != links.end() && is_there(link->second);
    if (is_link(name) && !is_wanted && is_ours_or_free(out_dir, name, disk)) {
      remove_link(out_dir / name, disk);
    }
  }
}

/// Removes the temporary files of writers and removers that died.
void remove_leftovers(const fs::path& out_dir, Disk& disk) {
  for (const std::string& name : disk.list(out_dir)) {
    const auto final_name = final_name_of(name);
    if (!final_name) continue;
    if (const auto step = step_of(*final_name)) {
      discard(out_dir, out_dir / name, *step, disk);
    } else if (is_link(*final_name)) {
      remove_all(out_dir / name, disk);
    }
  }
}

}  // namespace

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

std::optional<Checkpoint> open_checkpoint(const fs::path& folder, std::string& damage, Disk& disk,
                                          CheckpointUse use) {
  try {
    Checkpoint checkpoint{folder, read_state(folder, disk)};
    check_files(folder, checkpoint.state, use, disk);
    return checkpoint;
  } catch (const std::runtime_error& error) {
    damage = error.what();
    return std::nullopt;
  }
}

std::optional<Checkpoint> find_newest_whole(const fs::path& out_dir,
                                            const std::function<void(const std::string&)>& report,
                                            Disk& disk, CheckpointUse use) {
  for (const Found& found : newest_first(out_dir, disk)) {
    std::string damage;
    if (auto checkpoint = open_checkpoint(found.folder, damage, disk, use)) return checkpoint;
    report(found.folder.string() + " is not whole: " + damage);
  }
  return std::nullopt;
}

std::optional<fs::path> linked_checkpoint(const fs::path& out_dir, const std::string& link,
                                          Disk& disk) {
  const fs::path path = out_dir / link;
  if (is_folder(path, disk) && !is_foreign_link(path, disk)) return path;
  const std::vector<Found> all = newest_first(out_dir, disk);
  const auto newest =
      std::ranges::find_if(all, [](const Found& found) { return found.state.has_value(); });
  if (newest == all.end()) return std::nullopt;
  Links links = links_of(*newest->state);
  links[kLatestLink] = newest->step;
  const auto wanted = links.find(link);
  if (wanted == links.end()) return std::nullopt;
  const auto found = std::ranges::find(all, wanted->second, &Found::step);
  return found == all.end() ? std::nullopt : std::optional(found->folder);
}

fs::path through_lost_link(const fs::path& given, Disk& disk) {
  const fs::path path = given.has_filename() ? given : given.parent_path();
  const std::string name = path.filename().string();
  if (!is_link(name) || is_folder(path, disk)) return given;
  const fs::path out_dir = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return linked_checkpoint(out_dir, name, disk).value_or(given);
}

std::optional<std::string> name_in_the_way(const fs::path& out_dir, Disk& disk) {
  for (const std::string& name : disk.list(out_dir)) {
    if ((is_link(name) && !is_ours_or_free(out_dir, name, disk)) ||
        (step_of(name) && !is_folder(out_dir / name, disk))) {
      return name;
    }
  }
  return std::nullopt;
}

CheckpointWriter::CheckpointWriter(const fs::path& out_dir, std::uint64_t step, Disk& disk)
    : disk_(disk),
      out_dir_(out_dir),
      folder_(out_dir / checkpoint_name(step)),
      temporary_(temporary_name(folder_)) {
  make_durable_folders(out_dir_, disk_);
  if (!disk_.make_folder(temporary_)) throw DiskError(temporary_, "cannot make the folder", EEXIST);
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
  try {
    disk_.write_new(temporary_ / name, pieces);
  } catch (const DiskError& error) {  // named as the user knows it
    throw DiskError(folder_ / name, "cannot write", error.reason());
  }
  files_[std::string(name)] = {size_bytes, hex16(digest.value())};
}

void CheckpointWriter::write(std::string_view name, std::string_view content) {
  write(name, std::span(&content, 1));
}

bool CheckpointWriter::commit(TrainerState state) {
  state.files = files_;
  write(kTrainerFile, to_json(state));
  for (const auto& [name, digest] : files_) sync(name);
  disk_.sync(temporary_);
  put_in_place();
  return link_checkpoint(out_dir_, kLatestLink, state.step, disk_);
}

void CheckpointWriter::sync(const std::string& name) {
  try {
    disk_.sync(temporary_ / name);
  } catch (const DiskError& error) {
    throw DiskError(folder_ / name, "cannot make it durable", error.reason());
  }
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
  if (!is_taken(temporary_, disk_)) return;
  try {
    discard(out_dir_, temporary_, *step_of(folder_.filename().string()), disk_);
  } catch (const DiskError&) {  // removed by the next start
  }
}

bool link_checkpoint(const fs::path& out_dir, const std::string& link, std::uint64_t step,
                     Disk& disk) {
  const fs::path path = out_dir / link;
  if (!is_ours_or_free(out_dir, link, disk)) {
    throw DiskError(path, "cannot replace what is not a link of this run", EEXIST);
  }
  const fs::path temporary = temporary_name(path);
  const bool can_link = disk.link(checkpoint_name(step), temporary);
  // Nothing is renamed over a folder; and what a copy made of a link would go out of date.
  if (!can_link || (is_folder(path, disk) && !disk.link_target(path))) remove_link(path, disk);
  if (can_link) disk.rename(temporary, path);
  return can_link;
}

void link_final(const fs::path& out_dir, std::uint64_t step, Disk& disk) {
  if (!disk.stat(out_dir / checkpoint_name(step))) return;
  link_checkpoint(out_dir, kFinalLink, step, disk);
  disk.sync(out_dir);
}

void remove_old_checkpoints(const fs::path& out_dir, std::uint32_t keep, const Links& links,
                            const std::string& run_id, Disk& disk) {
  const auto is_linked = [&](std::uint64_t step) {
    return std::ranges::any_of(links, [step](const auto& link) { return link.second == step; });
  };
  auto steps = checkpoint_steps(out_dir, disk);
  steps.resize(steps.size() - std::min<std::size_t>(keep, steps.size()));
  for (const std::uint64_t step : steps) {
    if (!is_linked(step) && is_of_run(out_dir / checkpoint_name(step), run_id, disk)) {
      remove_checkpoint(out_dir, step, disk);
    }
  }
}

void roll_back_to(const fs::path& out_dir, std::uint64_t step, const Links& links, Disk& disk) {
  make_durable_folders(out_dir, disk);
  set_names_right(out_dir, disk);
  const auto steps = checkpoint_steps(out_dir, disk);
  Links all = links;
  all[kLatestLink] = step;
  set_links(out_dir, all, steps, disk);
  for (const std::uint64_t later :
       steps | std::views::reverse |
           std::views::take_while([&](std::uint64_t s) { return s > step; })) {
    set_aside(out_dir, out_dir / checkpoint_name(later), later, disk);
  }
  remove_leftovers(out_dir, disk);
  disk.sync(out_dir);
}

}  // namespace millrace::proto
