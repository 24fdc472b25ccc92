// A stage log as JSON, [[first index, stage], …], in checkpoints and group files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "proto/json_numbers.h"
#include "proto/stage_log.h"
#include "proto/types.h"

namespace millrace::proto {

[[nodiscard]] inline nlohmann::ordered_json stage_log_json(const StageLog& log) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const StageLogEntry& entry : log) json.push_back({entry.first_index, entry.stage});
  return json;
}

/// Throws std::runtime_error or nlohmann::json::exception where `json` is no stage log: entries
/// that ascend, the first at sample 0, with stages below kMaxStages.
[[nodiscard]] inline StageLog stage_log_from(const nlohmann::ordered_json& json) {
  StageLog log;
  for (const auto& entry : json) {
    const StageLogEntry next{whole<std::uint64_t>(entry.at(0)), whole<std::uint8_t>(entry.at(1))};
    const bool ascends =
        log.empty() ? next.first_index == 0 : next.first_index > log.back().first_index;
    if (!ascends || next.stage >= kMaxStages) {
      throw std::runtime_error("the stage log cannot go on with stage " +
                               std::to_string(next.stage) + " from sample " +
                               std::to_string(next.first_index));
    }
    log.push_back(next);
  }
  return log;
}

}  // namespace millrace::proto
