// inspect checkpoint DIR: the contents of a checkpoint, and whether it is complete.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/app/terminal_text.h"
#include "proto/checkpoint.h"
#include "proto/json_text.h"
#include "proto/safetensors.h"
#include "tools/inspect/describe_stream.h"
#include "tools/subcommands.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;
using config::for_terminal;

// The checkpoint in `folder`, or the newest complete one of a run's output folder.
proto::Checkpoint find(const fs::path& given) {
  const fs::path folder = proto::through_lost_link(given);
  if (!fs::is_directory(folder)) throw std::runtime_error(folder.string() + ": no such folder");
  if (!proto::checkpoint_steps(folder).empty()) {
    const auto say = [](const std::string& line) { std::cerr << for_terminal(line) << "\n"; };
    if (auto newest = proto::find_newest_whole(folder, say)) return *newest;
    throw std::runtime_error(folder.string() + ": none of its checkpoints is whole");
  }
  std::string damage;
  if (auto checkpoint = proto::open_checkpoint(folder, damage)) return *checkpoint;
  throw std::runtime_error(folder.string() + ": not a whole checkpoint: " + damage);
}

std::uint64_t values_of(const proto::NamedTensor& tensor) {
  std::uint64_t values = 1;
  for (const std::uint64_t size : tensor.shape) values *= size;
  return values;
}

proto::SafetensorsFile open_model(const fs::path& folder) {
  std::string damage;
  if (auto file = proto::SafetensorsFile::open(folder / proto::kModelFile, damage)) return *file;
  throw std::runtime_error((folder / proto::kModelFile).string() + ": " + damage);
}

std::uint64_t parameters_of(const proto::SafetensorsFile& model) {
  std::uint64_t total = 0;
  for (const proto::NamedTensor& tensor : model.tensors()) total += values_of(tensor);
  return total;
}

void print_state(const proto::TrainerState& state) {
  std::cout << "  step     " << state.step << ", next train sample " << state.cursor;
  if (const auto epoch = state.meta.epoch_samples) {
    std::cout << ", in epoch " << state.cursor / *epoch + 1;
  }
  std::cout << "\n";
  if (state.best_val_loss) {
    std::cout << "  best     val loss " << *state.best_val_loss << " at step " << state.best_step
              << "\n";
  }
  for (const auto& [epoch, step] : state.epoch_steps) {
    std::cout << "  kept     step " << step << ", the end of epoch " << epoch << "\n";
  }
  if (const auto stage = proto::stage_at(state.stage_log, state.cursor)) {
    std::cout << "  stage    " << int{*stage} << " ("
              << for_terminal(state.meta.train_stages.at(*stage)) << ")\n";
  }
  std::cout << "  run      " << state.run_id << ", seed " << state.seed << "\n"
            << "  trained  on " << for_terminal(state.device) << " in " << for_terminal(state.dtype)
            << ", " << state.ranks << " rank(s), " << state.threads << " threads, "
            << for_terminal(state.cpu_capability) << "\n";
  for (const auto& [name, version] : state.versions) {
    std::cout << "  version  " << for_terminal(name) << " " << for_terminal(version) << "\n";
  }
  for (const auto& [name, facts] : state.files) {
    std::cout << "  file     " << name << ", " << facts.size_bytes << " B, xxh64 "
              << for_terminal(facts.xxh64) << "\n";
  }
}

void print(const proto::Checkpoint& checkpoint, const proto::SafetensorsFile& model) {
  std::cout << checkpoint.folder.string() << ": whole, all files match\n";
  print_state(checkpoint.state);
  describe(std::cout, checkpoint.state.meta);
  std::cout << "model: " << parameters_of(model) << " values in " << model.tensors().size()
            << " tensors\n";
  for (const proto::NamedTensor& tensor : model.tensors()) {
    std::cout << "  " << for_terminal(tensor.name) << " " << proto::to_string(tensor.type) << " ["
              << base::joined(tensor.shape) << "]\n";
  }
}

void print_as_json(const proto::Checkpoint& checkpoint, const proto::SafetensorsFile& model) {
  nlohmann::ordered_json json = {
      {"folder", checkpoint.folder.string()},
      {"trainer", proto::read_ordered_json(proto::to_json(checkpoint.state))},
      {"parameters", parameters_of(model)},
      {"tensors", nlohmann::json::array()}};
  for (const proto::NamedTensor& tensor : model.tensors()) {
    json["tensors"].push_back(
        {{"name", tensor.name}, {"type", proto::to_string(tensor.type)}, {"shape", tensor.shape}});
  }
  std::cout << proto::json_line(json);
}

int run(const config::Arguments& arguments) {
  const proto::Checkpoint checkpoint = find(arguments.positional.front());
  const proto::SafetensorsFile model = open_model(checkpoint.folder);
  arguments.json ? print_as_json(checkpoint, model) : print(checkpoint, model);
  return 0;
}

}  // namespace

Subcommand checkpoint_subcommand() {
  return {
      "checkpoint",
      {.name = "inspect checkpoint",
       .usage = "DIR",
       .about = "Checks a checkpoint and shows its contents. DIR is a checkpoint's folder, or a "
                "run's output folder: its newest\n"
                "complete checkpoint.",
       .flags = {},
       .overrides = false},
      run};
}

}  // namespace millrace::tools
