// The key of a dropout mask, drawn and saved (draw_dropout_mask.h).
#include "trainer/nn/draw_dropout_mask.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <mutex>

namespace millrace::trainer {
namespace {

using torch::autograd::AutogradContext;

std::uint64_t random_key() {
  auto* const generator = at::get_generator_or_default<at::CPUGeneratorImpl>(
      std::nullopt, at::detail::getDefaultCPUGenerator());
  const std::lock_guard lock(generator->mutex_);
  return generator->random64();
}

DropoutMask mask_of(std::uint64_t key, double drop) {
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32),
          static_cast<std::uint32_t>(std::min(std::ldexp(drop, 32), 4294967295.0)),
          static_cast<float>(1.0 / (1.0 - drop))};
}

}  // namespace

DropoutMask draw_dropout_mask(AutogradContext& context, double drop) {
  const std::uint64_t key = drop > 0.0 ? random_key() : 0;
  context.saved_data["key"] = static_cast<std::int64_t>(key);
  context.saved_data["drop"] = drop;
  return mask_of(key, drop);
}

DropoutMask saved_dropout_mask(AutogradContext& context) {
  return mask_of(static_cast<std::uint64_t>(context.saved_data["key"].toInt()),
                 context.saved_data["drop"].toDouble());
}

}  // namespace millrace::trainer
