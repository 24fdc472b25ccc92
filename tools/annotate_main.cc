// annotate CONFIG [overrides] [--shard-index I] [--num-shards N]: turns documents into scored token
// shards for the cascade.
#include <fmt/ostream.h>

#include <spdlog/spdlog.h>
#include <iostream>

#include <filesystem>

#include "annotation/annotate.h"
#include "annotation/shard_folder.h"
#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "proto/files.h"
#include "providers/grammar/english.h"
#include "providers/windows/open_datasets.h"

namespace {

using namespace millrace;

constexpr std::uint64_t kMaxShards = 99'999;

const config::Program kProgram{
    .name = "annotate",
    .usage = "CONFIG [overrides] [--shard-index I] [--num-shards N]",
    .about =
        "Scores the words of a recipe's documents and writes scored token shards for the cascade. "
        "Shards may be made in any\n"
        "order, on different machines. Finished shards are skipped, interrupted ones continued.",
    .flags = {{"shard-index", "I", "the shard to make, from 0; default: all of them"},
              {"num-shards", "N", "total number of shards; default 1"}},
};

/// The recipe with data.path set: to its one dataset, the default text, or the built-in text as a
/// file beside the shards.
config::Options with_documents(config::Options options) {
  const std::vector<config::DatasetOptions> several = config::selected_datasets(options.data);
  if (several.size() > 1) {
    throw config::UsageError(
        "data.datasets: annotate takes one dataset at a time; name it with --data.dataset=" +
        several.front().name + ", and a folder for it with --data.shards");
  }
  if (!several.empty()) {
    options.data.path = several.front().path;
    options.data.format = several.front().format;
    options.data.column = several.front().column;
  }
  if (options.data.path) return options;
  options.data.path = std::string(providers::kDefaultTextPath);
  if (std::filesystem::exists(*options.data.path)) return options;
  const std::filesystem::path built_in =
      std::filesystem::path(options.data.shards) / (std::string(providers::kEnglishName) + ".txt");
  spdlog::warn(
      "no text at {}: annotating the built-in text, English sentences from a grammar; for real "
      "text name it with --data.path=FILE",
      *options.data.path);
  if (!std::filesystem::exists(built_in)) {
    proto::make_folders(options.data.shards, proto::real_disk());
    proto::replace_file(built_in, providers::english_text(providers::kBuiltInCharacters));
  }
  options.data.path = built_in.string();
  return options;
}

void report(const annotation::Annotated& done, annotation::Part part,
            const config::Options& options, bool json) {
  const std::string name = annotation::shard_name(part.shard, part.shards);
  const std::uint64_t dropped = done.chunks - done.filling_chunks;
  spdlog::info(
      "{}{}: {} passages, {} chunks of {} tokens; {} of them cannot fill stages of {} and {} and "
      "are dropped",
      name, done.was_there ? " was there" : "", done.passages, done.chunks,
      options.provider.stage3_length, dropped, options.provider.stage1_length,
      options.provider.stage2_length);
  if (!json) return;
  fmt::print(
      std::cout,
      "{{\"shard\":{},\"shards\":{},\"skipped\":{},\"passages\":{},\"chunks\":{},\"dropped\":{},"
      "\"tokens\":{}}}\n",
      part.shard, part.shards, done.was_there, done.passages, done.chunks, dropped, done.tokens);
}

int run(const config::Arguments& arguments) {
  const config::Options recipe = config::load_recipe(
      arguments.positional.front(), arguments.overrides, config::RecipeUse::kDocuments);
  const auto shards =
      static_cast<std::uint32_t>(arguments.number("num-shards", 1, kMaxShards).value_or(1));
  const auto only = arguments.number("shard-index", 0, kMaxShards);
  if (only && *only >= shards) {
    throw config::UsageError("--shard-index=" + std::to_string(*only) +
                             ": with --num-shards=" + std::to_string(shards) +
                             " the shards are 0 to " + std::to_string(shards - 1));
  }
  config::catch_stop_signals();
  const config::Options options = with_documents(recipe);
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    if (only && *only != shard) continue;
    const annotation::Part part{shard, shards};
    report(annotation::annotate(options, part), part, options, arguments.json);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
