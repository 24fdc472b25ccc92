// Group files: JSON on one line (docs/reference/queue_file.md).
#include "proto/group_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/stage_log_json.h"

namespace millrace::proto {
namespace {

using Json = nlohmann::ordered_json;

/// The largest whole number that every JSON reader keeps exact; windows can be added to it without
/// overflow.
constexpr std::uint64_t kMaxIndex = std::uint64_t{1} << 53;

bool makes_sense(const StageLog& log) {
  const auto not_ascending = [](const StageLogEntry& a, const StageLogEntry& b) {
    return a.first_index >= b.first_index;
  };
  return log.empty() || (log.front().first_index == 0 &&
                         std::ranges::adjacent_find(log, not_ascending) == log.end());
}

bool makes_sense(const SplitWindow& window) {
  return window.cursor <= window.end && window.end <= kMaxIndex;
}

Group group_from(const Json& json) {
  Group group;
  json.at("run_id").get_to(group.run_id);
  json.at("owner").get_to(group.owner);
  group.heartbeat = whole<std::uint64_t>(json.at("heartbeat"));
  for (const Split split : kSplits) {
    const Json& window = json.at(std::string(to_string(split)));
    group.window(split) = {whole<std::uint64_t>(window.at("cursor")),
                           whole<std::uint64_t>(window.at("end"))};
  }
  group.stage_log = stage_log_from(json.at("stage_log"));
  return group;
}

}  // namespace

void write_group(const std::filesystem::path& path, const Group& group, Disk& disk) {
  Json json = {{"version", kGroupVersion},
               {"run_id", group.run_id},
               {"owner", group.owner},
               {"heartbeat", group.heartbeat}};
  for (const Split split : kSplits) {
    json[std::string(to_string(split))] = {{"cursor", group.window(split).cursor},
                                           {"end", group.window(split).end}};
  }
  json["stage_log"] = stage_log_json(group.stage_log);
  replace_file(path, json_text(json) + '\n', disk);
}

std::optional<Group> read_group(const std::filesystem::path& path, Disk& disk) try {
  const auto file = disk.read(path, kMaxGroupBytes);
  if (!file) return std::nullopt;
  const Json json = read_ordered_json(text(file->bytes));
  if (json.at("version") != kGroupVersion) return std::nullopt;
  Group group = group_from(json);
  const bool sensible = makes_sense(group.stage_log) &&
                        std::ranges::all_of(group.windows, [](auto& w) { return makes_sense(w); });
  return sensible ? std::optional(std::move(group)) : std::nullopt;
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
} catch (const std::runtime_error&) {  // a number that does not fit, or the disk
  return std::nullopt;
}

}  // namespace millrace::proto
