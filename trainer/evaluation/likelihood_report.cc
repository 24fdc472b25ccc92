// Means with their errors, and the report as JSON and as text (likelihood_report.h).
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

/// e^value, the error to first order.
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

Json by_timesteps(const LikelihoodReport& report) {
  Json rows = Json::array();
  for (const StepsResult& steps : report.by_timesteps) {
    rows.push_back({{"timesteps", steps.timesteps}});
    add_likelihood(rows.back(), steps.nats_per_token, report.characters);
  }
  return rows;
}

Json by_masked_ratio(const LikelihoodReport& report) {
  Json rows = Json::array();
  for (const MaskedRatio& ratio : report.by_masked_ratio) {
    rows.push_back({{"above", ratio.above},
                    {"up_to", ratio.up_to},
                    {"windows", ratio.windows},
                    {"loss", json_of(ratio.loss)},
                    {"accuracy", json_of(ratio.accuracy)}});
  }
  return rows;
}

Json computed_on(const LikelihoodReport& report) {
  return {{"device", report.machine.device},   {"dtype", report.machine.dtype},
          {"threads", report.machine.threads}, {"cpu_capability", report.machine.cpu_capability},
          {"batch_size", report.batch_size},   {"versions", report.machine.versions}};
}

std::string likelihood_text(const LikelihoodReport& report, const Estimate& nats) {
  std::string text = "  nats per token      " + to_text(nats) + "\n  bits per token      " +
                     to_text(bits(nats)) + "\n  perplexity          " +
                     to_text(perplexity(nats), 3) + '\n';
  if (report.characters) text += "  bits per character  " + to_text(bits(nats)) + '\n';
  return text;
}

std::string masked_text(const LikelihoodReport& report) {
  std::string text = "  loss      " + to_text(report.loss.value()) +
                     " nats per target\n  accuracy  " + to_text(report.accuracy.value()) +
                     "\n\n  masked      windows   loss                accuracy\n";
  for (const MaskedRatio& ratio : report.by_masked_ratio) {
    text +=
        fmt::format("  {:3.0f}–{:3.0f} %  {:8}   {:<18}  {}\n", 100 * ratio.above,
                    100 * ratio.up_to, ratio.windows, to_text(ratio.loss), to_text(ratio.accuracy));
  }
  return text;
}

std::string steps_text(const LikelihoodReport& report) {
  std::string text = "\n  steps     nats per token      bits per token      perplexity\n";
  for (const StepsResult& steps : report.by_timesteps) {
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

std::string to_json(const LikelihoodReport& report, const proto::Checkpoint& checkpoint) {
  Json json{
      {"checkpoint", checkpoint.folder.string()},
      {"step", checkpoint.state.step},
      {"run_id", checkpoint.state.run_id},
      {"fingerprint", checkpoint.state.meta.fingerprint},
      {"objective", report.objective},
      {"weights", report.averaged ? "ema" : "raw"},
      {"weights_xxh64",
       checkpoint.state.files.at(report.averaged ? proto::kEmaFile : proto::kModelFile).xxh64},
      {"split", proto::to_string(report.split)},
      {"windows",
       {{"first_sample", 0}, {"count", report.windows}, {"of", report.windows_of_split}}},
      {"tokens_per_window", report.tokens_per_window}};
  if (report.nats_per_token) {
    if (!report.exact) {
      json["samples_per_window"] = report.samples_per_window;
      json["seed"] = report.seed;
    }
    json["likelihood"] = report.exact ? "exact" : "bound";
    add_likelihood(json, *report.nats_per_token, report.characters);
    if (!report.by_timesteps.empty()) json["by_timesteps"] = by_timesteps(report);
  } else {
    json["loss"] = json_of(report.loss.value());
    json["accuracy"] = json_of(report.accuracy.value());
    json["by_masked_ratio"] = by_masked_ratio(report);
  }
  json["computed_on"] = computed_on(report);
  return proto::json_line(json);
}

std::string to_text(const LikelihoodReport& report) {
  std::string text = fmt::format(
      "{} on {}, samples 0 to {} of {}, each a window of {} tokens, {} weights", report.objective,
      proto::to_string(report.split), report.windows - 1, report.windows_of_split,
      report.tokens_per_window, report.averaged ? "averaged" : "raw");
  if (!report.nats_per_token) return text + ":\n" + masked_text(report);
  text += report.exact
              ? ", the likelihood:\n"
              : fmt::format(", a bound of the likelihood by {} samples per window, seed {}:\n",
                            report.samples_per_window, report.seed);
  text += likelihood_text(report, *report.nats_per_token);
  return report.by_timesteps.empty() ? text : text + steps_text(report);
}

}  // namespace millrace::trainer
