// metrics.jsonl and the progress line (metrics.h).
#include "trainer/metrics.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace millrace::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFileName = "metrics.jsonl";

std::filesystem::path cut(const std::filesystem::path& out_dir, std::uint64_t step) {
  std::filesystem::create_directories(out_dir);
  cut_back(out_dir / kFileName, step, step_of_metrics_line);
  return out_dir / kFileName;
}

/// Stages of one kind and setting may occur twice; the later one gets a number.
std::string unused_name(const Json& stages, const std::string& name) {
  std::string unused = name;
  for (int n = 2; stages.contains(unused); ++n) unused = name + " #" + std::to_string(n);
  return unused;
}

}  // namespace

std::string to_line(const TrainPoint& p) {
  const Json json{{"step", p.step},       {"split", "train"},     {"loss", p.loss},         {"lr", p.learning_rate},
                  {"tokens", p.tokens},   {"step_ms", p.step_ms}, {"stall_ms", p.stall_ms}, {"grad_norm", p.grad_norm}};
  return json.dump() + "\n";
}

std::string to_line(const ValPoint& p) {
  Json json{{"step", p.step}, {"split", "val"}, {"loss", p.loss}, {"samples", p.samples}};
  for (const auto& [name, value] : p.metrics) json[name] = value;
  Json stages = Json::object();
  for (const auto& [name, loss] : p.stages) stages[unused_name(stages, name)] = loss;
  json["stages"] = stages;
  return json.dump() + "\n";
}

std::optional<std::uint64_t> step_of_metrics_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("step") || !json["step"].is_number_unsigned()) return std::nullopt;
  return json["step"].get<std::uint64_t>();
}

Metrics::Metrics(const std::filesystem::path& out_dir, std::uint64_t step, std::uint64_t max_iters, std::uint64_t tokens_per_step)
    : file_(cut(out_dir, step)), max_iters_(max_iters), tokens_per_step_(tokens_per_step) {}

void Metrics::add(const TrainPoint& p) {
  file_.append(to_line(p));
  spdlog::info("step {}/{}  loss {:.4f}  lr {:.2e}  {:.1f}k tokens/s  {:.1f} ms/step  waiting {:.1f} %", p.step, max_iters_, p.loss,
               p.learning_rate, static_cast<double>(tokens_per_step_) / p.step_ms, p.step_ms, 100.0 * p.stall_ms / p.step_ms);
}

void Metrics::add(const ValPoint& p) {
  file_.append(to_line(p));
  std::string stages;
  if (p.stages.size() > 1)
    for (const auto& [name, loss] : p.stages) stages += fmt::format("  {} {:.4f}", name, loss);
  spdlog::info("step {}/{}  val loss {:.4f} on {} samples{}", p.step, max_iters_, p.loss, p.samples, stages);
}

}  // namespace millrace::trainer
