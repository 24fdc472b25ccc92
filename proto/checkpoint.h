// The checkpoint: a folder per saved step, complete or not there at all (grammar and example:
// docs/reference/checkpoint.md).
//
//     OUT/step-00001234/{model.safetensors, ema.safetensors, optimizer.safetensors, config.toml, trainer.json}
//     OUT/latest, OUT/best, OUT/epoch-0005, OUT/final → links to such folders
//
// This file knows folders, files and trainer.json; what is in the tensors is the trainer's
// business. Free of LibTorch, so that `inspect checkpoint` needs none. One writer per OUT (rank 0);
// readers at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/disk.h"
#include "proto/meta.h"
#include "proto/stage_log.h"

namespace millrace::proto {

inline constexpr std::uint32_t kCheckpointFormat = 1;
inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kEmaFile = "ema.safetensors";  // where the run keeps an average
inline constexpr const char* kOptimizerFile = "optimizer.safetensors";
inline constexpr const char* kConfigFile = "config.toml";
inline constexpr const char* kTrainerFile = "trainer.json";
inline constexpr const char* kLatestLink = "latest";
inline constexpr const char* kBestLink = "best";
inline constexpr const char* kFinalLink = "final";  // of a run that has reached its end

/// What makes a file of a checkpoint whole.
struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::string xxh64;  ///< 16 hex digits
  bool operator==(const FileDigest&) const = default;
};

/// How the stage at work fares under the schedule plateau. Starts anew with each stage.
struct PlateauState {
  std::optional<double> best_val_loss;
  std::uint64_t stale_count = 0;  ///< evaluations since it was found
  bool operator==(const PlateauState&) const = default;
};

/// Everything but the tensors that a run needs to go on as if it had never stopped.
struct TrainerState {
  std::uint64_t step = 0;    ///< completed optimizer steps
  std::uint64_t cursor = 0;  ///< first train sample that none of them used
  StageLog stage_log;        ///< empty where the stages are part of the stream's function
  PlateauState plateau;
  /// The evaluation that belongs to `step` was cut short and must be done again.
  bool evaluation_due = false;
  std::optional<double> best_val_loss;
  std::uint64_t best_step = 0;
  /// By epoch, the steps whose checkpoints are kept for good.
  std::map<std::uint64_t, std::uint64_t> epoch_steps;
  double loss_scale = 1.0;            ///< of float16; 1 otherwise
  std::uint32_t loss_scale_good = 0;  ///< steps since it last changed
  std::uint64_t seed = 0;             ///< of initialisation and dropout
  std::string run_id;                 ///< 16 hex digits, the same for the run's whole life
  StreamMeta meta;                    ///< the stream, with its fingerprint

  // Where it ran; on other numbers a resumed run is not bit-identical.
  std::string device;
  std::string dtype;
  std::uint32_t ranks = 1;
  std::uint32_t threads = 0;
  std::string cpu_capability;
  std::map<std::string, std::string> versions;

  std::map<std::string, FileDigest> files;  ///< of the folder, but for trainer.json
  bool operator==(const TrainerState&) const = default;
};

/// trainer.json: the state and, as its last key, the xxh64 of the rest.
[[nodiscard]] std::string to_json(const TrainerState& state);
/// Throws std::runtime_error if the text is damaged, foreign or of a later format.
[[nodiscard]] TrainerState trainer_state_from_json(std::string_view json);

/// "step-00001234"
[[nodiscard]] std::string checkpoint_name(std::uint64_t step);
/// "epoch-0005"
[[nodiscard]] std::string epoch_link(std::uint64_t epoch);
/// The steps that `out_dir` holds a checkpoint of, whole or not, ascending; none where there is no
/// such folder.
[[nodiscard]] std::vector<std::uint64_t> checkpoint_steps(const std::filesystem::path& out_dir,
                                                          Disk& disk = real_disk());

struct Checkpoint {
  std::filesystem::path folder;
  TrainerState state;
};

/// The checkpoint in `folder` after checking size and xxh64 of every file; empty where it is not
/// whole, with the reason in `damage`.
[[nodiscard]] std::optional<Checkpoint> open_checkpoint(const std::filesystem::path& folder,
                                                        std::string& damage,
                                                        Disk& disk = real_disk());

/// The newest whole checkpoint of `out_dir`; `report` gets a line for each newer one that had to be
/// skipped.
[[nodiscard]] std::optional<Checkpoint> find_newest_whole(
    const std::filesystem::path& out_dir, const std::function<void(const std::string&)>& report,
    Disk& disk = real_disk());

/// A checkpoint being written, under a temporary name until commit. Destroyed without, it leaves
/// nothing.
class CheckpointWriter {
 public:
  CheckpointWriter(const std::filesystem::path& out_dir, std::uint64_t step,
                   Disk& disk = real_disk());
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Where to write the file of this name.
  [[nodiscard]] std::filesystem::path file(std::string_view name) const {
    return temporary_ / name;
  }

  /// Adds trainer.json with the facts of all files, syncs, renames the folder into place (an older
  /// one of this step is swapped out in the same instant) and points `latest` at it. Throws
  /// DiskError with path and reason; the older checkpoints are then untouched.
  void commit(TrainerState state);

 private:
  void put_in_place();

  Disk& disk_;
  std::filesystem::path out_dir_;
  std::filesystem::path folder_;
  std::filesystem::path temporary_;
  bool written_ = false;  ///< the temporary name may stand for the checkpoint that was there before
};

/// Steps by the names of the links that point at their checkpoints.
using Links = std::map<std::string, std::uint64_t>;
/// Those that a run's state gives: the best, and those of epochs.
[[nodiscard]] Links links_of(const TrainerState& state);

/// Points OUT/`link` at the checkpoint of `step`, atomically.
void link_checkpoint(const std::filesystem::path& out_dir, const std::string& link,
                     std::uint64_t step, Disk& disk = real_disk());

/// Points `final` at the checkpoint of `step`, if it is there; that lasts through a power cut once
/// this returns.
void link_final(const std::filesystem::path& out_dir, std::uint64_t step, Disk& disk = real_disk());

/// Removes all but the newest `keep` checkpoints and those that `links` name.
void remove_old_checkpoints(const std::filesystem::path& out_dir, std::uint32_t keep,
                            const Links& links, Disk& disk = real_disk());

/// Before a run goes on from `step`: makes the folder if it is not there, leaves `latest` and
/// `links` pointing at what there is of them and no other link, renames checkpoints of later steps
/// to superseded-…, and removes what a writer that died left behind. All of it lasts through a
/// power cut once it returns, so that the run's other files may be cut back then.
void roll_back_to(const std::filesystem::path& out_dir, std::uint64_t step, const Links& links,
                  Disk& disk = real_disk());

}  // namespace millrace::proto
