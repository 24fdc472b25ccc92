// Recording of keys, and the clauses of the warning (written_keys.h).
#include "config/written_keys.h"

#include "base/text.h"
#include "config/dataset_keys.h"
#include "config/key_conditions.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

/// Whether a layer with so many keys was written by a program: no person writes three keys of four.
bool is_whole(std::size_t count) { return 4 * count >= 3 * keys().size(); }

const Options& defaults() {
  static const Options kDefaults;
  return kDefaults;
}

std::string fact(std::string_view name, const Options& options) {
  return std::string(name) + " is " + to_toml(find_key(name)->get(options));
}

std::string clause(const Key& key, const Options& options) {
  const Condition& broken = *key.broken_condition(options);
  return key.full_name() + " is for " + std::string(broken.is_for) + ", and " +
         base::joined(broken.decided_by, ", ",
                      [&](std::string_view name) { return fact(name, options); });
}

/// Whether a value is an empty text, array or table, with which a key says nothing.
bool is_empty(const Value& value) {
  return std::visit(
      [](const auto& each) {
        if constexpr (requires { each.empty(); }) {
          return each.empty();
        }
        return false;
      },
      value);
}

bool applies(const Key& key, const Options& options, RecipeUse use) {
  if (key.applies(options)) return true;
  if (use == RecipeUse::kStream) return false;
  Options as_cascade = options;
  as_cascade.provider.name = "cascade";
  return key.applies(as_cascade);
}

void add_columns(const DataOptions& data, std::vector<std::string>& clauses) {
  for (const DatasetOptions& each : data.datasets) {
    if (each.column.empty() || may_have_records(each)) continue;
    clauses.push_back("the column of " + toml_string(each.name) +
                      " in data.datasets is for csv and jsonl, and its format is " +
                      toml_string(each.format) + ", its path " + toml_string(each.path));
  }
}

}  // namespace

void WrittenKeys::set(const Key& key, Options& options, Value value, Author author) {
  if (author == Author::kCheckpoint) {
    options.said_by_checkpoint.insert(key.full_name());
  } else {
    options.said_by_checkpoint.erase(key.full_name());
  }
  const Value before = key.get(options);
  key.set(options, merged(before, std::move(value)));
  const Value after = key.get(options);
  const Value unsaid = key.get(defaults());
  if (after == unsaid && (before != unsaid || is_empty(after))) {
    layer_.erase(&key);
    candidates_.erase(&key);
  } else {
    layer_.insert(&key);
  }
}

void WrittenKeys::end_layer(const Options& options) {
  if (!is_whole(layer_.size())) {
    for (const Key* const key : layer_) {
      if (!key->applies(options)) candidates_.insert(key);
      datasets_ = datasets_ || std::holds_alternative<DatasetsKind>(key->kind);
    }
  }
  layer_.clear();
}

std::vector<std::string> WrittenKeys::without_effect(const Options& options, RecipeUse use) const {
  std::vector<std::string> clauses;
  for (const Key* const key : candidates_) {
    if (!applies(*key, options, use)) clauses.push_back(clause(*key, options));
  }
  if (datasets_) add_columns(options.data, clauses);
  return clauses;
}

}  // namespace millrace::config
