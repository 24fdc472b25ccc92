// inspect queue DIR: the streams of a queue folder, the samples that are ready, damaged files, and
// the runs that read them.
//
// The folder may be in use: files that disappear meanwhile were consumed. It may hold others'
// files: what cannot be read is skipped, and named.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/file_name.h"
#include "proto/group_file.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"
#include "queue/file/folder.h"
#include "tools/inspect/describe_stream.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;

// Samples [first, end) that are ready without a gap; at one stage, if the trainer names stages.
struct Stretch {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::optional<std::uint8_t> stage;
};

struct SplitState {
  proto::Split split = proto::Split::kTrain;
  std::vector<Stretch> ready;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damaged;  // "000000000000.chunk: REASON"
  std::uint64_t claims = 0;
};

struct StreamState {
  proto::StreamMeta meta;
  std::vector<SplitState> splits;
  std::vector<proto::Group> groups;
  std::uint64_t quarantined = 0;
};

void append(std::vector<Stretch>& stretches, const proto::Range& range) {
  const auto goes_on = [&](const Stretch& stretch) {
    return stretch.end == range.first && stretch.stage == range.stage;
  };
  const auto stretch = std::ranges::find_if(stretches, goes_on);
  if (stretch != stretches.end()) {
    stretch->end = range.end();
  } else {
    stretches.push_back({range.first, range.end(), range.stage});
  }
}

void look_at_chunk(const fs::path& path, const std::string& fingerprint, SplitState& state) {
  const proto::Chunk chunk = proto::read_chunk(path);
  if (chunk.status == proto::ChunkStatus::kMissing) return;
  if (chunk.status != proto::ChunkStatus::kOk) {
    state.damaged.push_back(path.filename().string() + ": " +
                            std::string(proto::describe(chunk.status)));
  } else if (chunk.fingerprint != fingerprint) {
    state.damaged.push_back(path.filename().string() + ": of another stream, " + chunk.fingerprint);
  } else {
    ++state.chunks;
    for (const proto::SharedBytes& column : chunk.batch.columns) state.bytes += column.bytes.size();
    append(state.ready, chunk.batch.range);
  }
}

std::uint64_t count_with_suffix(const fs::path& folder, std::string_view suffix) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(proto::real_disk().list(folder),
                            [&](const std::string& name) { return name.ends_with(suffix); }));
}

SplitState look_at_split(const queue::Folder& folder, const std::string& fingerprint,
                         proto::Split split) {
  SplitState state;
  state.split = split;
  for (const proto::ChunkKey& key : folder.chunks(split)) {
    look_at_chunk(folder.chunk(split, key), fingerprint, state);
  }
  state.claims = count_with_suffix(folder.split(split), ".claim");
  return state;
}

std::vector<proto::Group> look_at_groups(const queue::Folder& folder) {
  std::vector<proto::Group> groups;
  for (const std::string& name : folder.disk().list(folder.groups())) {
    if (!proto::is_id(name)) continue;
    if (const auto group = proto::read_group(folder.group(name))) groups.push_back(*group);
  }
  return groups;
}

StreamState look_at_stream(const queue::Folder& folder) {
  StreamState state;
  state.meta = queue::read_meta(folder);
  for (const proto::Split split : proto::kSplits) {
    state.splits.push_back(look_at_split(folder, state.meta.fingerprint, split));
  }
  state.groups = look_at_groups(folder);
  state.quarantined = count_with_suffix(folder.quarantine(), "");
  return state;
}

/// The streams that can be read.
std::vector<StreamState> look_at_queue(const fs::path& queue) {
  if (!fs::is_directory(queue)) {
    throw std::runtime_error(queue.string() +
                             ": no such folder; a queue is what follows file:// in queue.uri");
  }
  std::vector<StreamState> found;
  for (const std::string& name : queue::streams_in(queue)) {
    try {
      const queue::Folder folder(queue, name);
      if (folder.disk().stat(folder.meta())) found.push_back(look_at_stream(folder));
    } catch (const std::exception& error) {
      spdlog::warn("{}; skipping the stream {}", error.what(), name);
    }
  }
  return found;
}

void print(const Stretch& stretch) {
  std::cout << "; samples " << stretch.first << " to " << stretch.end - 1;
  if (stretch.stage) std::cout << " at stage " << int{*stretch.stage};
}

void print(const SplitState& state) {
  std::cout << "  " << proto::to_string(state.split) << ": " << state.chunks << " whole chunks, "
            << state.bytes << " B";
  for (const Stretch& stretch : state.ready) print(stretch);
  if (state.claims != 0) std::cout << "; " << state.claims << " being computed";
  std::cout << "\n";
  for (const std::string& damage : state.damaged) std::cout << "    damaged: " << damage << "\n";
}

void print(const proto::Group& group) {
  std::cout << "  run " << group.run_id << ": heartbeat " << group.heartbeat;
  for (const proto::Split split : proto::kSplits) {
    const proto::SplitWindow& window = group.window(split);
    if (window.end != 0) {
      std::cout << "; " << proto::to_string(split) << " at " << window.cursor << ", wants up to "
                << window.end;
    }
  }
  for (const proto::StageLogEntry& entry : group.stage_log) {
    std::cout << "; stage " << int{entry.stage} << " from " << entry.first_index;
  }
  std::cout << "\n";
}

void print(const StreamState& state) {
  describe(std::cout, state.meta);
  for (const SplitState& split : state.splits) {
    if (state.meta.size(split.split) != 0) print(split);
  }
  for (const proto::Group& group : state.groups) print(group);
  if (state.groups.empty()) std::cout << "  no run has asked for it\n";
  if (state.quarantined != 0) {
    std::cout << "  quarantine: " << state.quarantined << " damaged files\n";
  }
}

nlohmann::ordered_json to_json(const Stretch& stretch) {
  nlohmann::ordered_json json = {{"first", stretch.first}, {"end", stretch.end}};
  if (stretch.stage) json["stage"] = *stretch.stage;
  return json;
}

nlohmann::ordered_json to_json(const SplitState& state) {
  nlohmann::ordered_json json = {{"split", proto::to_string(state.split)},
                                 {"chunks", state.chunks},
                                 {"bytes", state.bytes},
                                 {"ready", nlohmann::json::array()},
                                 {"damaged", state.damaged},
                                 {"claims", state.claims}};
  for (const Stretch& stretch : state.ready) json["ready"].push_back(to_json(stretch));
  return json;
}

nlohmann::ordered_json to_json(const proto::Group& group) {
  nlohmann::ordered_json json = {{"run_id", group.run_id}, {"heartbeat", group.heartbeat}};
  for (const proto::Split split : proto::kSplits) {
    const proto::SplitWindow& window = group.window(split);
    json[std::string(proto::to_string(split))] = {{"cursor", window.cursor}, {"end", window.end}};
  }
  return json;
}

nlohmann::ordered_json to_json(const StreamState& state) {
  nlohmann::ordered_json json = {{"fingerprint", state.meta.fingerprint},
                                 {"meta", proto::read_ordered_json(proto::to_json(state.meta))},
                                 {"splits", nlohmann::json::array()},
                                 {"groups", nlohmann::json::array()},
                                 {"quarantined", state.quarantined}};
  for (const SplitState& split : state.splits) json["splits"].push_back(to_json(split));
  for (const proto::Group& group : state.groups) json["groups"].push_back(to_json(group));
  return json;
}

int run(const config::Arguments& arguments) {
  const fs::path queue = arguments.positional.front();
  const std::vector<StreamState> streams = look_at_queue(queue);
  if (streams.empty() && !arguments.json) {
    std::cout << queue.string() << ": no streams; a producer makes one\n";
  }
  for (const StreamState& state : streams) {
    if (arguments.json) {
      std::cout << proto::json_line(to_json(state));
    } else {
      print(state);
    }
  }
  return 0;
}

}  // namespace

Subcommand queue_subcommand() {
  return {
      "queue",
      {.name = "inspect queue",
       .usage = "DIR",
       .about = "Shows the streams of a queue folder, the samples that are ready, damaged files, "
                "and the runs that read them.",
       .flags = {},
       .overrides = false},
      run};
}

}  // namespace millrace::tools
