// Which streams a consumer accepts (admission.h).
#include "queue/ends/admission.h"

namespace millrace::queue {
namespace {

using Settings = std::map<std::string, std::string>;

/// The settings, and with them what else of a recipe must agree.
Settings with(Settings settings, const std::string& provider, std::uint64_t data_seed,
              const std::string& dataset) {
  settings["provider"] = provider;
  settings["data_seed"] = std::to_string(data_seed);
  if (!dataset.empty()) settings["dataset"] = dataset;
  return settings;
}

}  // namespace

std::optional<std::string> Admission::mismatch(const proto::StreamMeta& offered) const {
  const std::string dataset = expected_.dataset.empty() ? "" : offered.dataset_name;
  const auto from_recipe = proto::differences(
      with(expected_.settings, expected_.provider, expected_.data_seed, expected_.dataset),
      with(offered.settings, offered.provider, offered.data_seed, dataset));
  if (!from_recipe.empty()) {
    return proto::describe(from_recipe, "for train", "for prepare") +
           ": run both with the same recipe and overrides";
  }
  if (!expected_.pinned) return std::nullopt;
  const auto from_pinned = proto::differences(*expected_.pinned, offered);
  if (from_pinned.empty()) return std::nullopt;
  return proto::describe(from_pinned, "in the run", "for prepare") +
         ": a run keeps to one stream; prepare with the same data and the same build, or start a "
         "new run";
}

}  // namespace millrace::queue
