// The two lines that tell a generative perplexity (generative_perplexity.h).
#include "trainer/evaluation/generative_perplexity.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "proto/json_text.h"

namespace millrace::trainer {

std::string to_json_line(const GenerativePerplexity& found) {
  using Json = nlohmann::ordered_json;
  const auto& error = found.nats_per_token.standard_error;
  const Json json{{"generative_perplexity", std::exp(found.nats_per_token.value)},
                  {"nats_per_token", found.nats_per_token.value},
                  {"standard_error", error ? Json(*error) : Json(nullptr)},
                  {"token_entropy_nats", found.token_entropy},
                  {"texts", found.texts},
                  {"tokens", found.tokens},
                  {"checkpoint", found.folder.string()},
                  {"step", found.step}};
  return proto::json_text(json) + '\n';
}

std::string to_line(const GenerativePerplexity& found) {
  const double nats = found.nats_per_token.value;
  return fmt::format(
      "generative perplexity {:.3f} ({} nats, {:.4f} bits per token) by {}, step {}; token entropy "
      "{:.4f} nats\n",
      std::exp(nats), to_text(found.nats_per_token), nats * std::numbers::log2e,
      found.folder.string(), found.step, found.token_entropy);
}

}  // namespace millrace::trainer
