// Autocast and loss scaling (precision.h).
#include "trainer/device/precision.h"

#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <map>

#include "config/errors.h"

namespace millrace::trainer {
namespace {

constexpr double kFirstScale = 65536.0;
constexpr double kGrowth = 2.0;
constexpr double kBackoff = 0.5;
constexpr std::int64_t kGrowthInterval = 2000;
constexpr int kFirstGpuWithBfloat16 = 8;  // compute capability 8.0, Ampere

const std::map<std::string, torch::ScalarType> kTypes{{"float32", torch::kFloat32},
                                                      {"bfloat16", torch::kBFloat16},
                                                      {"float16", torch::kFloat16},
                                                      {"float64", torch::kFloat64}};

bool cpu_has(const std::string& feature) {
  const auto features = at::cpu::get_cpu_capabilities();
  const auto found = features.find(feature);
  return found != features.end() && found->second.isBool() && found->second.toBool();
}

torch::ScalarType fastest(torch::Device device) {
  if (device.is_cpu()) {
    return cpu_has("avx512_bf16") || cpu_has("amx_bf16") ? torch::kBFloat16 : torch::kFloat32;
  }
  // The one question about compute capability 8.0 that needs no CUDA header.
  return at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8() ? torch::kBFloat16
                                                                             : torch::kFloat16;
}

}  // namespace

torch::ScalarType Precision::parameters() const {
  return compute == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

Precision choose_precision(const std::string& dtype, torch::Device device) {
  if (dtype == "auto") return {fastest(device)};
  if (const auto found = kTypes.find(dtype); found != kTypes.end()) return {found->second};
  throw config::UsageError("train.dtype = \"" + dtype +
                           "\" is unknown; known: auto, float32, bfloat16, float16, float64");
}

std::string name_of(torch::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return c10::toString(type);
}

AutocastScope::AutocastScope(const Precision& precision, torch::Device device)
    : active_(precision.autocast()), device_(device.type()) {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, precision.compute);
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

LossScale::LossScale(const Precision& precision, torch::Device device)
    : active_(precision.scales_loss()),
      scale_(torch::full({1}, active_ ? kFirstScale : 1.0,
                         torch::dtype(torch::kFloat32).device(device))),
      good_(torch::zeros({1}, torch::dtype(torch::kInt32).device(device))) {}

double LossScale::value() const { return active_ ? scale_.item<double>() : 1.0; }

std::uint32_t LossScale::good_steps() const {
  return active_ ? static_cast<std::uint32_t>(good_.item<std::int32_t>()) : 0;
}

void LossScale::restore(double value, std::uint32_t good_steps) {
  if (!active_) return;
  scale_.fill_(value);
  good_.fill_(static_cast<std::int64_t>(good_steps));
}

torch::Tensor LossScale::scale(const torch::Tensor& loss) const {
  return active_ ? loss * scale_.squeeze(0) : loss;
}

torch::Tensor LossScale::unscale(std::vector<torch::Tensor>& gradients) {
  auto overflowed = torch::zeros_like(scale_);
  if (active_) {
    at::_amp_foreach_non_finite_check_and_unscale_(gradients, overflowed, scale_.reciprocal());
    at::_amp_update_scale_(scale_, good_, overflowed, kGrowth, kBackoff, kGrowthInterval);
  }
  return overflowed.squeeze(0);
}

}  // namespace millrace::trainer
