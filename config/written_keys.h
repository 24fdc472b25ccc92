// The keys that a recipe and a command line say, to find those without an effect.
//
// A recipe is read in layers: included files, the file itself, overrides. What a layer says with an
// effect of its own is no mistake where a later layer takes the effect away: a variation of a
// recipe need not clear its base. Nor is a key that a layer sets back to its default, one that is
// left empty, or a recipe that a program has written whole, such as a checkpoint's config.toml.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/keys.h"

namespace millrace::config {

/// Who says a key: the user, in a recipe or on the command line, or the recipe of a checkpoint,
/// which may be somebody else's.
enum class Author { kUser, kCheckpoint };

class WrittenKeys {
 public:
  /// Sets a key in the layer that is being read. Tables are merged.
  void set(const Key& key, Options& options, Value value, Author author = Author::kUser);

  /// Ends a layer, which left the recipe as `options`.
  void end_layer(const Options& options);

  /// For each key that was said and has no effect in the recipe, one clause, such as "data.column
  /// is for csv and jsonl, and data.format is "text"".
  [[nodiscard]] std::vector<std::string> without_effect(const Options& options,
                                                        RecipeUse use) const;

 private:
  std::set<const Key*> layer_;       // said in this layer
  std::set<const Key*> candidates_;  // said in earlier layers, without an effect there
  bool datasets_ = false;            // data.datasets is said
};

}  // namespace millrace::config
