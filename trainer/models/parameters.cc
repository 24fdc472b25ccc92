// A model's parameters by name (parameters.h).
#include "trainer/models/parameters.h"

namespace millrace::trainer {

NamedTensors parameters_of(const Model& model) {
  NamedTensors named;
  for (const auto& item : model.named_parameters()) named.emplace_back(item.key(), item.value());
  return named;
}

}  // namespace millrace::trainer
