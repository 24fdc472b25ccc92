// Means with their errors, and how they are told (likelihood_report.h).
#include "trainer/evaluation/likelihood_report.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "proto/json_text.h"

namespace millrace::trainer {
namespace {

using Json = nlohmann::ordered_json;

Estimate scaled(const Estimate& estimate, double factor) {
  Estimate result{estimate.value * factor, {}};
  if (estimate.standard_error) result.standard_error = *estimate.standard_error * factor;
  return result;
}

Estimate bits(const Estimate& nats) { return scaled(nats, std::numbers::log2e); }

/// e^value, its error to first order.
Estimate perplexity(const Estimate& nats) {
  Estimate result = scaled(nats, std::exp(nats.value));
  result.value = std::exp(nats.value);
  return result;
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}
Json json_of(const Estimate& estimate) {
  return {{"value", number(estimate.value)}, {"standard_error", number(estimate.standard_error)}};
}

void add_likelihood(Json& json, const Estimate& nats, bool characters) {
  json["nats_per_token"] = json_of(nats);
  json["bits_per_token"] = json_of(bits(nats));
  json["perplexity"] = json_of(perplexity(nats));
  if (characters) json["bits_per_character"] = json_of(bits(nats));
}

Json by_timesteps(const LikelihoodReport& m) {
  Json rows = Json::array();
  for (const StepsResult& steps : m.by_timesteps) {
    rows.push_back({{"timesteps", steps.timesteps}});
    add_likelihood(rows.back(), steps.nats_per_token, m.characters);
  }
  return rows;
}

Json by_masked_ratio(const LikelihoodReport& m) {
  Json rows = Json::array();
  for (const MaskedRatio& ratio : m.by_masked_ratio) {
    rows.push_back({{"above", ratio.above},
                    {"up_to", ratio.up_to},
                    {"windows", ratio.windows},
                    {"loss", json_of(ratio.loss)},
                    {"accuracy", json_of(ratio.accuracy)}});
  }
  return rows;
}

Json computed_on(const LikelihoodReport& m) {
  return {{"device", m.machine.device},   {"dtype", m.machine.dtype},
          {"threads", m.machine.threads}, {"cpu_capability", m.machine.cpu_capability},
          {"batch_size", m.batch_size},   {"versions", m.machine.versions}};
}

std::string likelihood_text(const LikelihoodReport& m, const Estimate& nats) {
  std::string text = "  nats per token      " + to_text(nats) + "\n  bits per token      " +
                     to_text(bits(nats)) + "\n  perplexity          " +
                     to_text(perplexity(nats), 3) + '\n';
  if (m.characters) text += "  bits per character  " + to_text(bits(nats)) + '\n';
  return text;
}

std::string masked_text(const LikelihoodReport& m) {
  std::string text = "  loss      " + to_text(m.loss.value()) + " nats per target\n  accuracy  " +
                     to_text(m.accuracy.value()) +
                     "\n\n  masked      windows   loss                accuracy\n";
  for (const MaskedRatio& ratio : m.by_masked_ratio) {
    text +=
        fmt::format("  {:3.0f}–{:3.0f} %  {:8}   {:<18}  {}\n", 100 * ratio.above,
                    100 * ratio.up_to, ratio.windows, to_text(ratio.loss), to_text(ratio.accuracy));
  }
  return text;
}

std::string steps_text(const LikelihoodReport& m) {
  std::string text = "\n  steps     nats per token      bits per token      perplexity\n";
  for (const StepsResult& steps : m.by_timesteps) {
    text += fmt::format("  {:<8}  {:<18}  {:<18}  {}\n", steps.timesteps,
                        to_text(steps.nats_per_token), to_text(bits(steps.nats_per_token)),
                        to_text(perplexity(steps.nats_per_token), 3));
  }
  return text;
}

}  // namespace

Estimate mean_of(const std::vector<double>& values) {
  return ratio_of(values, std::vector<double>(values.size(), 1.0));
}

Estimate ratio_of(const std::vector<double>& above, const std::vector<double>& below) {
  const auto count = static_cast<double>(above.size());
  const double total = std::accumulate(below.begin(), below.end(), 0.0);
  Estimate result{std::accumulate(above.begin(), above.end(), 0.0) / total, {}};
  if (above.size() < 2) return result;
  double squares = 0.0;
  for (std::size_t i = 0; i < above.size(); ++i) {
    squares += std::pow(above[i] - result.value * below[i], 2);
  }
  result.standard_error = std::sqrt(squares * count / (count - 1.0)) / total;
  return result;
}

std::string to_text(const Estimate& estimate, int digits) {
  const std::string value = fmt::format("{:.{}f}", estimate.value, digits);
  return estimate.standard_error
             ? value + fmt::format(" ± {:.{}f}", *estimate.standard_error, digits)
             : value;
}

std::string to_json(const LikelihoodReport& m, const proto::Checkpoint& checkpoint) {
  Json json{
      {"checkpoint", checkpoint.folder.string()},
      {"step", checkpoint.state.step},
      {"run_id", checkpoint.state.run_id},
      {"fingerprint", checkpoint.state.meta.fingerprint},
      {"objective", m.objective},
      {"weights", m.weights},
      {"weights_xxh64",
       checkpoint.state.files.at(m.weights == "ema" ? proto::kEmaFile : proto::kModelFile).xxh64},
      {"split", proto::to_string(m.split)},
      {"windows", {{"first_sample", 0}, {"count", m.windows}, {"of", m.windows_of_split}}},
      {"tokens_per_window", m.tokens_per_window}};
  if (m.nats_per_token) {
    if (!m.exact) json["samples_per_window"] = m.samples_per_window, json["seed"] = m.seed;
    json["likelihood"] = m.exact ? "exact" : "bound";
    add_likelihood(json, *m.nats_per_token, m.characters);
    if (!m.by_timesteps.empty()) json["by_timesteps"] = by_timesteps(m);
  } else {
    json["loss"] = json_of(m.loss.value());
    json["accuracy"] = json_of(m.accuracy.value());
    json["by_masked_ratio"] = by_masked_ratio(m);
  }
  json["computed_on"] = computed_on(m);
  return proto::json_text(json) + "\n";
}

std::string to_text(const LikelihoodReport& m) {
  std::string text =
      fmt::format("{} on {}, samples 0 to {} of {}, each a window of {} tokens, {} weights",
                  m.objective, proto::to_string(m.split), m.windows - 1, m.windows_of_split,
                  m.tokens_per_window, m.weights == "ema" ? "averaged" : "raw");
  if (!m.nats_per_token) return text + ":\n" + masked_text(m);
  text += m.exact ? ", the likelihood:\n"
                  : fmt::format(", a bound of the likelihood by {} samples per window, seed {}:\n",
                                m.samples_per_window, m.seed);
  text += likelihood_text(m, *m.nats_per_token);
  return m.by_timesteps.empty() ? text : text + steps_text(m);
}

}  // namespace millrace::trainer
