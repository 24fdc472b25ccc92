// Recipes: TOML files with includes, and overrides, read into Options; Options written back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// One `--key=value` of a command line. The key is `section.key`, or its last part if that is
/// unique.
struct Override {
  std::string key;
  std::string value;
};

/// What a program takes from a recipe: a stream and what is trained on it, or its documents (as
/// annotate and tokenize do, whatever its provider).
enum class RecipeUse { kStream, kDocuments };

/// Reads the recipe at `path` over its includes (paths relative to the including file; tables
/// merge, arrays are replaced), then applies the overrides. Throws UsageError for a file that is
/// missing or not TOML, an unknown key (with file, line and the nearest known key), a wrong type or
/// a value out of range. Logs one warning that names the keys without an effect.
[[nodiscard]] Options load_recipe(const std::string& path,
                                  const std::vector<Override>& overrides = {},
                                  RecipeUse use = RecipeUse::kStream);

/// The keys that load_recipe warns of, each with the reason (config/written_keys.h).
[[nodiscard]] std::vector<std::string> keys_without_effect(const std::string& path,
                                                           const std::vector<Override>& overrides,
                                                           RecipeUse use = RecipeUse::kStream);

/// The defaults with overrides, without a file.
[[nodiscard]] Options default_options(const std::vector<Override>& overrides = {});

/// All of `options` as a recipe, which load_recipe reads back to equal options.
[[nodiscard]] std::string to_toml(const Options& options);

/// What a key shapes. A resumed run may change kRun keys only.
enum class Shapes { kStream, kModel, kOptimizer, kRun };
[[nodiscard]] std::string_view to_string(Shapes shapes);

/// A key in which two recipes differ, with both values as TOML.
struct KeyDifference {
  std::string key;  ///< "section.key"
  Shapes shapes;
  std::string here;
  std::string there;
};
[[nodiscard]] std::vector<KeyDifference> differences(const Options& here, const Options& there);

/// Checks that involve several keys (n_embd divisible by n_head, batch limits, stages for schedule
/// "mix"). Throws UsageError. load_recipe and default_options call it.
void check(const Options& options);

/// The text of --help-keys: all keys with default, description, range and what they shape, one per
/// line.
[[nodiscard]] std::string key_reference();

}  // namespace millrace::config
