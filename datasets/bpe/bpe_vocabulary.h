// The vocabulary of a BPE tokenizer as JSON has it, {"token": id}; shared by its readers, private
// to this folder. Includes JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

/// Throws std::runtime_error saying where it is no JSON.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

/// The tokens by id. Throws std::runtime_error unless the ids are 0 … n - 1, each once.
[[nodiscard]] std::vector<std::string> tokens_by_id(const nlohmann::json& vocab);

}  // namespace millrace::datasets
