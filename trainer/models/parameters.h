// A model's parameters by name, which optimizers update, checkpoints store and ranks share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trainer/models/model.h"

namespace millrace::trainer {

/// Tensors with their names in files, in a fixed order.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// The model's parameters in the order the model registered them. They share the model's memory.
[[nodiscard]] NamedTensors parameters_of(const Model& model);

}  // namespace millrace::trainer
