// inspect batch FILE: checks and decodes a queue file. The vocabulary comes from the meta.json of
// the stream's folder, if the file is in one.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "base/text.h"
#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"
#include "queue/file/folder.h"
#include "tools/inspect/show_samples.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kShownByDefault = 4;

proto::Chunk read(const fs::path& path) {
  proto::Chunk chunk = proto::read_chunk(path);
  if (chunk.status != proto::ChunkStatus::kOk) {
    throw std::runtime_error(path.string() + ": " + std::string(proto::describe(chunk.status)));
  }
  return chunk;
}

// FOLDER/<fingerprint>/meta.json for FOLDER/<fingerprint>/train/FILE; empty if there is none or it
// belongs to another stream.
std::optional<proto::StreamMeta> meta_beside(const fs::path& path, const proto::Chunk& chunk) {
  const fs::path file = fs::absolute(path).parent_path().parent_path() / queue::Folder::kMeta;
  if (!fs::exists(file)) return std::nullopt;
  proto::StreamMeta meta = proto::meta_from_json(proto::read_file(file));
  if (meta.fingerprint != chunk.fingerprint || !proto::fits(meta.schema, chunk.batch)) {
    return std::nullopt;
  }
  return meta;
}

std::string column_of(const proto::Chunk& chunk, std::size_t i) {
  return std::string(proto::to_string(chunk.wires[i])) + " [" + base::joined(chunk.shapes[i]) + "]";
}

void describe(const fs::path& path, const proto::Chunk& chunk) {
  const proto::Range& range = chunk.batch.range;
  std::cout << path.string() << ": whole, all checksums match\n"
            << "  stream  " << chunk.fingerprint << "\n"
            << "  samples " << proto::to_string(range.split) << " " << range.first << " to "
            << range.end() - 1 << "\n";
  for (std::size_t i = 0; i < chunk.wires.size(); ++i) {
    std::cout << "  column  " << column_of(chunk, i) << "\n";
  }
}

void describe_as_json(const fs::path& path, const proto::Chunk& chunk) {
  const proto::Range& range = chunk.batch.range;
  nlohmann::ordered_json json = {{"file", path.string()},
                                 {"fingerprint", chunk.fingerprint},
                                 {"split", proto::to_string(range.split)},
                                 {"first", range.first},
                                 {"count", range.count},
                                 {"columns", nlohmann::json::array()}};
  for (std::size_t i = 0; i < chunk.wires.size(); ++i) {
    json["columns"].push_back(
        {{"type", proto::to_string(chunk.wires[i])}, {"shape", chunk.shapes[i]}});
  }
  std::cout << proto::json_line(json);
}

// The requested samples that the file has.
proto::Batch part_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                     const config::Arguments& arguments) {
  const proto::Range& range = batch.range;
  const std::uint64_t first =
      arguments.number("first", range.first, range.end() - 1).value_or(range.first);
  const std::uint64_t count =
      arguments.number("count", 1, std::numeric_limits<std::uint32_t>::max())
          .value_or(kShownByDefault);
  return proto::slice(meta.schema, batch, first,
                      static_cast<std::uint32_t>(std::min(count, range.end() - first)));
}

int run(const config::Arguments& arguments) {
  const fs::path path = arguments.positional.front();
  const proto::Chunk chunk = read(path);
  arguments.json ? describe_as_json(path, chunk) : describe(path, chunk);
  const std::optional<proto::StreamMeta> meta = meta_beside(path, chunk);
  if (!meta) {
    if (!arguments.json) {
      std::cout
          << "  no text: the stream's meta.json does not lie in the folder above the file's\n";
    }
    return 0;
  }
  const Form form = arguments.json ? Form::kJson : Form::kText;
  show_samples(*meta, part_of(*meta, chunk.batch, arguments), form);
  show_legend(form);
  return 0;
}

}  // namespace

Subcommand batch_subcommand() {
  return {"batch",
          {.name = "inspect batch",
           .usage = "FILE [--first I] [--count N]",
           .about = "Checks a queue file and shows its samples as text, with marks on masked and "
                    "replaced tokens.",
           .flags = {{"first", "I", "index of the first sample; default: the file's first"},
                     {"count", "N", "number of samples; default 4"}},
           .overrides = false},
          run};
}

}  // namespace millrace::tools
