// Steps drawn by DiffusionTimes, and the threshold of a step.
#include "providers/d3pm.h"

#include <cstring>

#include "providers/diffusion/diffusion_times.h"
#include "providers/diffusion/noised_windows.h"
#include "providers/windows/token_columns.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

/// round(2^32 · tau / steps), halves up; exact for tau = steps, where every token is masked.
std::uint64_t mask_threshold(std::uint64_t tau, std::uint64_t steps) {
  return ((tau << 32) + steps / 2) / steps;
}

template <class T>
void write(std::uint32_t value, std::span<std::byte> out) {
  const auto narrow = static_cast<T>(value);
  std::memcpy(out.data(), &narrow, sizeof narrow);
}

class AbsorbingSteps final : public Diffusion {
 public:
  explicit AbsorbingSteps(const config::Options& options)
      : steps_(options.provider.timesteps),
        wire_(proto::narrowest(std::uint64_t{steps_} + 1, false)),
        times_(options.data.data_seed, options.provider.t_group) {}

  [[nodiscard]] std::uint32_t format_version() const override { return kFormatVersion; }
  [[nodiscard]] std::string name() const override {
    return "absorb, timesteps=" + std::to_string(steps_);
  }
  [[nodiscard]] Graph graph() const override { return Graph::kAbsorb; }

  [[nodiscard]] proto::Field time_field() const override {
    return {"t", wire_, proto::LogicalType::kI64, {}, proto::Role::kTime, false};
  }

  [[nodiscard]] std::uint64_t draw_time(proto::Split split, std::uint64_t index,
                                        std::span<std::byte> t) const override {
    const std::uint32_t tau = times_.step(split, index, steps_) + 1;
    by_type(wire_, [&]<class Tau>(Tau) { write<Tau>(tau, t); });
    return mask_threshold(tau, steps_);
  }

 private:
  std::uint32_t steps_;
  proto::WireType wire_;
  DiffusionTimes times_;
};

}  // namespace

std::unique_ptr<DataProvider> make_d3pm(const config::Options& options) {
  return make_noised_windows(options, std::make_unique<AbsorbingSteps>(options));
}

}  // namespace millrace::providers
