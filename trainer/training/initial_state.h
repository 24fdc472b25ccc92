// What a recipe learns with, before the first step: the model, the optimizer's settings, the
// average.
#pragma once

#include <memory>
#include <optional>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/device/precision.h"
#include "trainer/models/model.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/ema.h"

namespace millrace::trainer {

/// The same initial parameters on every rank, whatever their number.
[[nodiscard]] std::shared_ptr<Model> initial_model(const config::Options& options,
                                                   const proto::StreamMeta& meta,
                                                   torch::Device device,
                                                   const Precision& precision);

[[nodiscard]] AdamWSettings adamw_settings(const config::TrainOptions& train);

/// Empty where the recipe keeps no average.
[[nodiscard]] std::optional<Ema> initial_ema(const Model& model, const config::TrainOptions& train);

}  // namespace millrace::trainer
