// The entropy of a text's tokens, and the report as JSON and as text (generative_perplexity.h).
#include "trainer/evaluation/generative_perplexity.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>

#include "proto/json_text.h"

namespace millrace::trainer {

double token_entropy(std::span<const std::int64_t> tokens) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t token : tokens) counts[token] += 1.0;
  double nats = 0.0;
  for (const auto& [token, count] : counts) {
    const double share = count / static_cast<double>(tokens.size());
    nats -= share * std::log(share);
  }
  return nats;
}

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
