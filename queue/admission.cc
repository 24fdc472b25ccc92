#include "queue/admission.h"

namespace millrace::queue {
namespace {

std::map<std::string, std::string> with_seed_and_provider(std::map<std::string, std::string> settings, const std::string& provider,
                                                          std::uint64_t data_seed) {
  settings["provider"] = provider;
  settings["data_seed"] = std::to_string(data_seed);
  return settings;
}

}  // namespace

std::optional<std::string> Admission::reason_against(const proto::StreamMeta& offered) const {
  const auto from_recipe = proto::differences(with_seed_and_provider(expected_.settings, expected_.provider, expected_.data_seed),
                                              with_seed_and_provider(offered.settings, offered.provider, offered.data_seed));
  if (!from_recipe.empty()) {
    return proto::describe(from_recipe, "for train", "for prepare") + ": run both with the same recipe and overrides";
  }
  if (!expected_.pinned) return std::nullopt;
  const auto from_pinned = proto::differences(*expected_.pinned, offered);
  if (from_pinned.empty()) return std::nullopt;
  return proto::describe(from_pinned, "in the run", "for prepare") +
         ": a run keeps to one stream; prepare with the same data and the same build, or start a new run";
}

}  // namespace millrace::queue
