// Checkpoints: a folder for each saved step, complete or not there (grammar and example:
// docs/reference/checkpoint.md).
//
//     OUT/step-00001234/{model,ema,optimizer}.safetensors, config.toml, trainer.json
//     OUT/latest, OUT/best, OUT/epoch-0005, OUT/final        links to such folders
//
// This file handles folders, files and trainer.json; trainer/checkpoint/ handles the tensors. It
// needs no LibTorch, so `inspect checkpoint` needs none. One writer for each OUT (rank 0, which
// holds it: trainer/run/out_dir_lock.h), any number of readers.
//
// A checkpoint is what its trainer.json says: readers trust that, neither the folder's name nor a
// link. Only files of these names are ever removed or replaced; whatever else lies in OUT or in a
// checkpoint's folder is its owner's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/disk.h"
#include "proto/meta.h"
#include "proto/stage_log.h"

namespace millrace::proto {

inline constexpr std::uint32_t kCheckpointFormat = 1;
inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kEmaFile = "ema.safetensors";  // where train.ema is not 0
inline constexpr const char* kOptimizerFile = "optimizer.safetensors";
inline constexpr const char* kConfigFile = "config.toml";
inline constexpr const char* kTrainerFile = "trainer.json";
inline constexpr const char* kLatestLink = "latest";
inline constexpr const char* kBestLink = "best";
inline constexpr const char* kFinalLink = "final";  // where the run has reached its end

/// Size and digest of a complete file.
struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::string xxh64;  ///< 16 hex digits
  bool operator==(const FileDigest&) const = default;
};

/// Progress of the current stage under the schedule `plateau`; reset when the stage changes.
struct PlateauState {
  std::optional<double> best_val_loss;
  std::uint64_t stale_count = 0;  ///< evaluations since the best one
  bool operator==(const PlateauState&) const = default;
};

/// Everything except tensors that a run needs to resume as if it had never stopped.
struct TrainerState {
  std::uint64_t step = 0;    ///< completed optimizer steps
  std::uint64_t cursor = 0;  ///< first train sample that no completed step used
  StageLog stage_log;        ///< empty where stages are part of the stream's function
  PlateauState plateau;
  /// Whether the evaluation of `step` was interrupted and must be repeated.
  bool evaluation_due = false;
  std::optional<double> best_val_loss;
  std::uint64_t best_step = 0;
  /// By epoch: the steps whose checkpoints are never removed.
  std::map<std::uint64_t, std::uint64_t> epoch_steps;
  double loss_scale = 1.0;            ///< of float16; else 1
  std::uint32_t loss_scale_good = 0;  ///< steps since loss_scale last changed
  std::uint64_t seed = 0;             ///< for initialisation and dropout
  std::string run_id;                 ///< 16 hex digits; kept when the run resumes
  StreamMeta meta;                    ///< the stream, with its fingerprint

  // The machine of the run. With other values a resumed run is not bit-identical.
  std::string device;
  std::string dtype;
  std::uint32_t ranks = 1;
  std::uint32_t threads = 0;
  std::string cpu_capability;
  std::map<std::string, std::string> versions;

  std::map<std::string, FileDigest> files;  ///< by name: all of the folder but trainer.json
  bool operator==(const TrainerState&) const = default;
};

/// The text of trainer.json: the state and, as its last key, the xxh64 of the rest.
[[nodiscard]] std::string to_json(const TrainerState& state);
/// Throws std::runtime_error for a text that is damaged, foreign or of another format, or has a
/// value that no run has. The digest is its author's, so it says nothing of the values.
[[nodiscard]] TrainerState trainer_state_from_json(std::string_view json);

/// "step-00001234"
[[nodiscard]] std::string checkpoint_name(std::uint64_t step);
/// "epoch-0005"
[[nodiscard]] std::string epoch_link(std::uint64_t epoch);
/// The steps of all checkpoints in `out_dir`, complete or not, ascending; none where there is no
/// such folder.
[[nodiscard]] std::vector<std::uint64_t> checkpoint_steps(const std::filesystem::path& out_dir,
                                                          Disk& disk = real_disk());

/// A complete checkpoint.
struct Checkpoint {
  std::filesystem::path folder;
  TrainerState state;
};

/// What a checkpoint is opened for, which decides which of its files are checked.
enum class CheckpointUse : std::uint8_t {
  kResume,  ///< needs all files
  kModel,   ///< to sample or evaluate: needs all but the optimizer's, which may be missing
};

/// Opens the checkpoint in `folder` and checks size and xxh64 of every file that is needed. Empty
/// where it is not complete, with the reason in `damage`.
[[nodiscard]] std::optional<Checkpoint> open_checkpoint(const std::filesystem::path& folder,
                                                        std::string& damage,
                                                        Disk& disk = real_disk(),
                                                        CheckpointUse use = CheckpointUse::kResume);

/// The newest complete checkpoint of `out_dir`, by the step in its trainer.json. `report` gets a
/// line for each newer one, which is skipped.
[[nodiscard]] std::optional<Checkpoint> find_newest_whole(
    const std::filesystem::path& out_dir, const std::function<void(const std::string&)>& report,
    Disk& disk = real_disk(), CheckpointUse use = CheckpointUse::kResume);

/// The checkpoint of OUT that OUT/`link` leads to. Where the link was lost (by a copy, or on a file
/// system without links) or leads elsewhere, the one that it would lead to by the newest
/// trainer.json of OUT. Empty: none.
[[nodiscard]] std::optional<std::filesystem::path> linked_checkpoint(
    const std::filesystem::path& out_dir, const std::string& link, Disk& disk = real_disk());

/// `given`, a path that a person named; where it names one of OUT's links that was lost, the folder
/// that it would lead to.
[[nodiscard]] std::filesystem::path through_lost_link(const std::filesystem::path& given,
                                                      Disk& disk = real_disk());

/// The first name in `out_dir` that a run needs and that somebody else uses: a step's name that is
/// no folder, or a link's name that is neither such a link nor the copy of a checkpoint that is
/// there too (cp -rL). Empty: none.
[[nodiscard]] std::optional<std::string> name_in_the_way(const std::filesystem::path& out_dir,
                                                         Disk& disk = real_disk());

/// Writes a checkpoint, under a temporary name until it is committed. Every file is hashed as it is
/// written; nothing is read back. Destroyed before commit(), it leaves nothing behind. All calls
/// throw DiskError with path and reason, and leave the older checkpoints as they were.
class CheckpointWriter {
 public:
  CheckpointWriter(const std::filesystem::path& out_dir, std::uint64_t step,
                   Disk& disk = real_disk());
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Writes a file: the pieces one after the other.
  void write(std::string_view name, std::span<const std::string_view> pieces);
  void write(std::string_view name, std::string_view content);

  /// Adds trainer.json with the digests of all files, syncs files and folder, renames the folder
  /// into place (an older checkpoint of this step is swapped out in the same instant), and points
  /// `latest` at it. `state.files` is filled in. False where the file system has no links.
  bool commit(TrainerState state);

 private:
  void sync(const std::string& name);
  void put_in_place();

  Disk& disk_;
  std::filesystem::path out_dir_;
  std::filesystem::path folder_;
  std::filesystem::path temporary_;
  std::map<std::string, FileDigest> files_;
  bool committing_ = false;  ///< the temporary name may be that of the replaced checkpoint
};

/// Links by name: the step of the checkpoint that each points at.
using Links = std::map<std::string, std::uint64_t>;
/// The links that follow from a run's state: `best`, and those of epochs.
[[nodiscard]] Links links_of(const TrainerState& state);

/// Points OUT/`link` at the checkpoint of `step`, atomically. Not durable. False where the file
/// system has no links. Throws DiskError where somebody else uses the name.
bool link_checkpoint(const std::filesystem::path& out_dir, const std::string& link,
                     std::uint64_t step, Disk& disk = real_disk());

/// Points `final` at the checkpoint of `step`, if that is there. Durable.
void link_final(const std::filesystem::path& out_dir, std::uint64_t step, Disk& disk = real_disk());

/// Removes all checkpoints of this run but the newest `keep` and those that `links` point at. What
/// has a step's name and is no folder with a trainer.json of the run stays: a link, or somebody
/// else's. Files that others put into the folders stay, in superseded-….
void remove_old_checkpoints(const std::filesystem::path& out_dir, std::uint32_t keep,
                            const Links& links, const std::string& run_id,
                            Disk& disk = real_disk());

/// Prepares OUT for a run that resumes from `step` (0: a new run). Makes the folder; gives folders
/// with another step than their trainer.json its name; sets `latest` and `links` where their
/// checkpoints are there, and removes other links; renames checkpoints of later steps to
/// superseded-…; removes temporary files of writers that died. Durable when it returns, so the
/// run's other files may be truncated then.
void roll_back_to(const std::filesystem::path& out_dir, std::uint64_t step, const Links& links,
                  Disk& disk = real_disk());

}  // namespace millrace::proto
