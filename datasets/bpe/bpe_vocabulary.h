// The vocabulary of a BPE tokenizer in JSON, {"token": id}. Private to this folder.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

/// Throws std::runtime_error with the place where the text is not JSON.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

/// The tokens by id; "" for an id without a token, up to the highest id. Throws std::runtime_error
/// where two tokens have one id, or where most ids would have none.
[[nodiscard]] std::vector<std::string> tokens_by_id(const nlohmann::json& vocab);

}  // namespace millrace::datasets
