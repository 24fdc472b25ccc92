// Times by DiffusionTimes, thresholds by Noise.
#include "providers/diffusion/timed_noise.h"

#include <cstring>

#include "providers/diffusion/diffusion_times.h"
#include "providers/diffusion/noise.h"

namespace millrace::providers {
namespace {

class TimedNoise final : public Diffusion {
 public:
  TimedNoise(const config::Options& options, std::uint32_t format_version, Graph graph)
      : format_version_(format_version),
        graph_(graph),
        sampling_eps_(options.provider.sampling_eps),
        times_(options.data.data_seed, options.provider.t_group),
        noise_(options.provider) {}

  [[nodiscard]] std::uint32_t format_version() const override { return format_version_; }
  [[nodiscard]] std::string name() const override {
    return (graph_ == Graph::kAbsorb ? "absorb, " : "uniform, ") + noise_.name();
  }
  [[nodiscard]] Graph graph() const override { return graph_; }

  [[nodiscard]] proto::Field time_field() const override {
    return {"t", proto::WireType::kF32, proto::LogicalType::kF32, {}, proto::Role::kTime, false};
  }

  [[nodiscard]] std::uint64_t draw_time(proto::Split split, std::uint64_t index,
                                        std::span<std::byte> t) const override {
    const float time = times_.time(split, index, sampling_eps_);
    std::memcpy(t.data(), &time, sizeof time);
    return noise_.move_threshold(time);
  }

 private:
  std::uint32_t format_version_;
  Graph graph_;
  double sampling_eps_;
  DiffusionTimes times_;
  Noise noise_;
};

}  // namespace

std::unique_ptr<const Diffusion> make_timed_noise(const config::Options& options,
                                                  std::uint32_t format_version, Graph graph) {
  return std::make_unique<TimedNoise>(options, format_version, graph);
}

}  // namespace millrace::providers
