// Choosing the checkpoint to resume from (resume.h).
#include "trainer/checkpoint/resume.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;

std::optional<proto::Checkpoint> newest(const fs::path& out_dir, bool required) {
  std::vector<std::string> skipped;
  auto found =
      proto::find_newest_whole(out_dir, [&](const std::string& line) { skipped.push_back(line); });
  if (!found && !skipped.empty()) {
    throw config::UsageError("no checkpoint in " + out_dir.string() + " is whole (" +
                             base::joined(skipped, "; ") +
                             "); give another --train.out_dir to start anew");
  }
  for (const std::string& line : skipped) log_warning(line + "; skipping it");
  if (found) return found;
  if (required) {
    throw config::UsageError("--resume: there is no checkpoint in " + out_dir.string() +
                             "; leave --resume out, or use --resume=auto");
  }
  return std::nullopt;
}

/// --resume=DIR: a checkpoint, or an out_dir that holds some.
std::optional<proto::Checkpoint> from_folder(const config::Options& options,
                                             const fs::path& given) {
  const fs::path folder = proto::through_lost_link(given);
  if (!proto::checkpoint_steps(folder).empty()) return newest(folder, true);
  std::string damage;
  auto found = proto::open_checkpoint(folder, damage);
  if (!found) {
    throw config::UsageError("--resume=" + folder.string() + " cannot be used: " + damage);
  }
  std::error_code ignored;
  const bool own =
      fs::equivalent(fs::canonical(folder).parent_path(), options.train.out_dir, ignored);
  if (!own && !proto::checkpoint_steps(options.train.out_dir).empty()) {
    throw config::UsageError("--resume=" + folder.string() + " lies outside of " +
                             options.train.out_dir +
                             ", which holds checkpoints of its own; give another --train.out_dir");
  }
  return found;
}

void refuse_differences(const config::Options& options, const fs::path& folder) {
  std::vector<std::string> refused;
  for (const auto& difference :
       config::differences(options, config::load_recipe((folder / proto::kConfigFile).string()))) {
    if (difference.shapes != config::Shapes::kRun) {
      refused.push_back(difference.key + " is " + difference.here + " now and " + difference.there +
                        " in the checkpoint (it shapes the " +
                        std::string(config::to_string(difference.shapes)) + ")");
    }
  }
  if (!refused.empty()) {
    throw config::UsageError("cannot resume " + folder.string() + ": " +
                             base::joined(refused, "; ") +
                             "; set them back, or start anew in another --train.out_dir");
  }
}

void refuse_foreign_names(const fs::path& out_dir) {
  const auto name = proto::name_in_the_way(out_dir);
  if (!name) return;
  throw config::UsageError((out_dir / *name).string() +
                           " is not of a run, and train needs the name; move it, or choose another "
                           "--train.out_dir");
}

void refuse_used_folder(const std::string& out_dir) {
  if (proto::checkpoint_steps(out_dir).empty()) return;
  throw config::UsageError(out_dir +
                           " already holds checkpoints: go on with --resume, start or go on with "
                           "--resume=auto, or choose "
                           "another --train.out_dir");
}

}  // namespace

ResumeRequest resume_request(bool given, const std::optional<std::string>& value) {
  if (!given) return {};
  if (!value) return {Resume::kNewest, {}};
  if (*value == "auto") return {Resume::kAuto, {}};
  return {Resume::kFolder, *value};
}

std::optional<proto::Checkpoint> find_start(const config::Options& options,
                                            const ResumeRequest& request) {
  refuse_foreign_names(options.train.out_dir);
  std::optional<proto::Checkpoint> found;
  switch (request.how) {
    case Resume::kNo: refuse_used_folder(options.train.out_dir); break;
    case Resume::kNewest: found = newest(options.train.out_dir, true); break;
    case Resume::kAuto: found = newest(options.train.out_dir, false); break;
    case Resume::kFolder: found = from_folder(options, request.folder); break;
  }
  if (found) refuse_differences(options, found->folder);
  return found;
}

}  // namespace millrace::trainer
