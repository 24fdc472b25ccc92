// Which streams a consumer accepts (admission.h).
#include "queue/ends/admission.h"

namespace millrace::queue {
namespace {

using Settings = std::map<std::string, std::string>;

std::string tokens_of(bool byte_level) {
  return byte_level ? "of a tokenizer (data.tokenizer)" : "characters or bare ids";
}

/// What is known of a dataset, as text.
std::string described(const std::string& name, const std::string& hash) {
  return hash.empty() ? name : name + " (content " + hash + ")";
}

/// What a recipe says of a stream.
Settings recipe_of(const Expectation& expected) {
  Settings all = expected.settings;
  all["provider"] = expected.provider;
  all["data_seed"] = std::to_string(expected.data_seed);
  return all;
}

Settings recipe_of(const proto::StreamMeta& offered) {
  Settings all = offered.settings;
  all["provider"] = offered.provider;
  all["data_seed"] = std::to_string(offered.data_seed);
  return all;
}

Settings data_of(const Expectation& expected) {
  Settings all;
  if (!expected.dataset.empty()) {
    all["dataset"] = described(expected.dataset, expected.dataset_hash);
  }
  if (expected.byte_level) all["the kind of tokens"] = tokens_of(*expected.byte_level);
  return all;
}

/// Those of the offered stream that data_of(expected) has too. A dataset with the expected content
/// is the expected one, whatever its name.
Settings data_of(const proto::StreamMeta& offered, const Expectation& expected) {
  Settings all = data_of(expected);
  const bool same_content = offered.dataset_hash == expected.dataset_hash;
  if (all.contains("dataset") && !same_content) {
    all["dataset"] =
        described(offered.dataset_name, expected.dataset_hash.empty() ? "" : offered.dataset_hash);
  }
  if (expected.byte_level) all["the kind of tokens"] = tokens_of(offered.byte_level);
  return all;
}

}  // namespace

std::string other_data(const Expectation& expected, const proto::StreamMeta& offered,
                       const std::string& here, const std::string& there) {
  return proto::describe(proto::differences(data_of(expected), data_of(offered, expected)), here,
                         there);
}

std::optional<std::string> Admission::mismatch(const proto::StreamMeta& offered) const {
  const auto settings = proto::differences(recipe_of(expected_), recipe_of(offered));
  std::string different = other_data(expected_, offered);
  const bool same_name = offered.dataset_name == expected_.dataset;
  // Settings may be part of the content: of tokens, where the splits are cut.
  if (same_name && !settings.empty()) different.clear();
  const bool other_files = same_name && !different.empty();
  if (!different.empty() && !settings.empty()) different += "; ";
  different += proto::describe(settings, "for train", "for prepare");
  if (!different.empty()) {
    return different + ": run both with the same recipe and overrides" +
           (other_files ? ", on the same files" : "");
  }
  if (!expected_.pinned) return std::nullopt;
  const auto from_pinned = proto::differences(*expected_.pinned, offered);
  if (from_pinned.empty()) return std::nullopt;
  return proto::describe(from_pinned, "in the run", "for prepare") +
         ": a run keeps to one stream; prepare with the same data and the same build, or start a "
         "new run";
}

}  // namespace millrace::queue
