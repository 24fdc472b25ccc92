// Loads recipes, writes them and compares them.
#include "config/recipe.h"

#include <spdlog/spdlog.h>

#include "base/text.h"
#include "config/errors.h"
#include "config/keys.h"
#include "config/overrides.h"
#include "config/read_toml.h"
#include "config/value_text.h"
#include "config/written_keys.h"

namespace millrace::config {
namespace {

void apply_all(const std::vector<Override>& overrides, Options& options, WrittenKeys& written) {
  for (const Override& override : overrides) apply(override, options, written);
  written.end_layer(options);
}

/// The keys without an effect, of a recipe that is read into `options`.
std::vector<std::string> load(const std::string& path, const std::vector<Override>& overrides,
                              RecipeUse use, Options& options) {
  WrittenKeys written;
  read_recipe(path, options, written);
  apply_all(overrides, options, written);
  // It protects the disk from files of others, such as those that a checkpoint's author sends
  // along.
  if (options.said_by_checkpoint.contains("data.max_decompressed_bytes")) {
    options.data.max_decompressed_bytes = DataOptions{}.max_decompressed_bytes;
  }
  try {
    check(options);
  } catch (const UsageError& error) {
    throw UsageError(path + ": " + error.what());
  }
  return written.without_effect(options, use);
}

}  // namespace

Options load_recipe(const std::string& path, const std::vector<Override>& overrides,
                    RecipeUse use) {
  Options options;
  const std::vector<std::string> clauses = load(path, overrides, use, options);
  if (!clauses.empty()) {
    spdlog::warn("{}: {} without an effect: {}", path, base::counted(clauses.size(), "key"),
                 base::joined(clauses, "; "));
  }
  return options;
}

std::vector<std::string> keys_without_effect(const std::string& path,
                                             const std::vector<Override>& overrides,
                                             RecipeUse use) {
  Options options;
  return load(path, overrides, use, options);
}

Options default_options(const std::vector<Override>& overrides) {
  Options options;
  WrittenKeys written;
  apply_all(overrides, options, written);
  check(options);
  return options;
}

std::string to_toml(const Options& options) {
  std::string text;
  std::string_view section;
  for (const Key& key : keys()) {
    if (key.section != section) {
      text += (text.empty() ? "[" : "\n[") + std::string(key.section) + "]\n";
      section = key.section;
    }
    const Value value = key.get(options);
    if (std::holds_alternative<std::monostate>(value)) continue;
    text += std::string(key.name) + " = " + to_toml(value) + "\n";
  }
  return text;
}

std::string_view to_string(Shapes shapes) {
  switch (shapes) {
    case Shapes::kStream: return "stream";
    case Shapes::kModel: return "model";
    case Shapes::kOptimizer: return "optimizer";
    case Shapes::kRun: return "run";
  }
  return "unknown";
}

std::vector<KeyDifference> differences(const Options& here, const Options& there) {
  std::vector<KeyDifference> found;
  for (const Key& key : keys()) {
    const Value ours = key.get(here);
    const Value theirs = key.get(there);
    if (ours != theirs) {
      found.push_back({key.full_name(), key.shapes, to_toml(ours), to_toml(theirs)});
    }
  }
  return found;
}

}  // namespace millrace::config
