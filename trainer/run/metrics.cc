// metrics.jsonl and the progress line (metrics.h).
#include "trainer/run/metrics.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/errors.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFileName = "metrics.jsonl";

std::filesystem::path truncated_file(const std::filesystem::path& out_dir, std::uint64_t step) {
  std::filesystem::create_directories(out_dir);
  truncate_after(out_dir / kFileName, step, step_of_metrics_line);
  return out_dir / kFileName;
}

/// To a microsecond: more digits are noise.
double rounded(double ms) { return std::round(ms * 1000.0) / 1000.0; }

/// Two stages may have the same type and settings, and so the same name; later ones get a number.
std::string unused_name(const Json& stages, const std::string& name) {
  std::string unused = name;
  for (int n = 2; stages.contains(unused); ++n) unused = name + " #" + std::to_string(n);
  return unused;
}

}  // namespace

std::string to_line(const TrainPoint& p) {
  Json json{{"step", p.step},
            {"split", "train"},
            {"loss", p.loss},
            {"lr", p.learning_rate},
            {"tokens", p.tokens},
            {"step_ms", rounded(p.step_ms)},
            {"stall_ms", rounded(p.stall_ms)},
            {"grad_norm", p.grad_norm}};
  if (p.stage) json["stage"] = *p.stage;
  if (p.epoch) json["epoch"] = *p.epoch;
  return proto::json_text(json) + "\n";
}

std::string to_line(std::uint64_t step, const ValidationResult& result) {
  Json json{{"step", step},
            {"split", proto::to_string(result.split)},
            {"loss", result.loss},
            {"samples", result.samples}};
  for (const auto& [name, value] : result.metrics) json[name] = value;
  Json stages = Json::object();
  for (const StageLoss& stage : result.stages) {
    stages[unused_name(stages, stage.stage)] = stage.loss;
  }
  json["stages"] = stages;
  return proto::json_text(json) + "\n";
}

std::optional<std::uint64_t> step_of_metrics_line(std::string_view line) {
  const auto json = proto::try_read_json(line);
  if (!json.is_object() || !json.contains("step") || !json.contains("split")) return std::nullopt;
  return proto::try_whole<std::uint64_t>(json["step"]);
}

void refuse_foreign_metrics(const std::filesystem::path& out_dir) try {
  require_log(out_dir / kFileName, step_of_metrics_line);
} catch (const NotALog& error) {
  throw config::UsageError(std::string(error.what()) +
                           "; move it, or choose another --train.out_dir");
}

Metrics::Metrics(const std::filesystem::path& out_dir, std::uint64_t step, std::uint64_t last_step,
                 std::uint64_t tokens_per_step)
    : file_(truncated_file(out_dir, step)),
      last_step_(last_step),
      tokens_per_step_(tokens_per_step) {}

void Metrics::add(const TrainPoint& p) { file_.append(to_line(p)); }

void Metrics::show(const TrainPoint& p) const {
  const std::string epoch = p.epoch ? fmt::format("  epoch {:.2f}", *p.epoch) : "";
  spdlog::info(
      "step {}/{}{}  loss {:.4f}  lr {:.2e}  {:.1f}k tokens/s  {:.1f} ms/step  waiting {:.1f} %",
      p.step, last_step_, epoch, p.loss, p.learning_rate,
      static_cast<double>(tokens_per_step_) / p.step_ms, p.step_ms, 100.0 * p.stall_ms / p.step_ms);
}

void Metrics::add(std::uint64_t step, const ValidationResult& result) {
  file_.append(to_line(step, result));
  spdlog::info("step {}/{}  {} loss {:.4f} on {} samples", step, last_step_,
               proto::to_string(result.split), result.loss, result.samples);
  if (result.stages.size() < 2) return;
  for (const StageLoss& stage : result.stages) {
    spdlog::info("  {:.4f}  {}", stage.loss, stage.stage);
  }
}

}  // namespace millrace::trainer
