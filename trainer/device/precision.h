// In which numbers a model computes: autocast, and the loss scaling that float16 needs.
//
// Parameters, gradients and optimizer state are f32 (f64 under "float64", for tests); bfloat16 and
// float16 are for the matrix products, where LibTorch's autocast chooses the type operation by
// operation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct Precision {
  torch::ScalarType compute = torch::kFloat32;

  [[nodiscard]] torch::ScalarType parameters() const;
  [[nodiscard]] bool autocast() const {
    return compute == torch::kBFloat16 || compute == torch::kFloat16;
  }
  [[nodiscard]] bool scales_loss() const { return compute == torch::kFloat16; }
};

/// train.dtype on this device. "auto" is the fast half precision of the device: bfloat16 on a GPU
/// that has it, else float16; on a CPU bfloat16 with AMX or AVX512-BF16, else float32 (bfloat16 is
/// 14 times slower there). Throws UsageError for an unknown name.
[[nodiscard]] Precision choose_precision(const std::string& dtype, torch::Device device);
/// "float32", "bfloat16", …
[[nodiscard]] std::string name_of(torch::ScalarType type);

/// Autocast on this thread while it lives; does nothing where the precision needs none. Cast
/// weights are cached up to its end.
class AutocastScope {
 public:
  AutocastScope(const Precision& precision, torch::Device device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool active_;
  torch::DeviceType device_;
};

/// The factor that keeps float16 gradients above zero (arXiv 1710.03740): halved where a gradient
/// overflowed, doubled after 2000 steps without. Always 1 for other precisions.
class LossScale {
 public:
  LossScale(const Precision& precision, torch::Device device);

  /// What a checkpoint holds; asking waits for the device.
  [[nodiscard]] double value() const;
  [[nodiscard]] std::uint32_t good_steps() const;
  /// Goes on from a checkpoint.
  void restore(double value, std::uint32_t good_steps);

  /// A scalar loss, times the scale.
  [[nodiscard]] torch::Tensor scale(const torch::Tensor& loss) const;
  /// Divides the gradients by the scale and adapts it. f32 scalar on their device: 1 where one of
  /// them was not finite and the step must be left out, else 0.
  [[nodiscard]] torch::Tensor unscale(std::vector<torch::Tensor>& gradients);

 private:
  bool active_;
  torch::Tensor scale_;  ///< f32 [1]
  torch::Tensor good_;   ///< i32 [1]
};

}  // namespace millrace::trainer
