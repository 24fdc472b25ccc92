// A stage log as JSON, [[first index, stage], …], in checkpoints and group files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "proto/json_numbers.h"
#include "proto/stage_log.h"

namespace millrace::proto {

[[nodiscard]] inline nlohmann::ordered_json stage_log_json(const StageLog& log) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const StageLogEntry& entry : log) json.push_back({entry.first_index, entry.stage});
  return json;
}

/// Throws std::runtime_error or nlohmann::json::exception where `json` is no stage log.
[[nodiscard]] inline StageLog stage_log_from(const nlohmann::ordered_json& json) {
  StageLog log;
  for (const auto& entry : json) {
    log.push_back({whole<std::uint64_t>(entry.at(0)), whole<std::uint8_t>(entry.at(1))});
  }
  return log;
}

}  // namespace millrace::proto
