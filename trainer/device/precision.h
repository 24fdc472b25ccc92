// The number types that a model computes in: autocast, and the loss scaling that float16 needs.
//
// Parameters, gradients and optimizer state are f32 (f64 under "float64", for tests). bfloat16 and
// float16 are for matrix products: LibTorch's autocast chooses the type of each operation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

struct Precision {
  torch::ScalarType compute = torch::kFloat32;  ///< of matrix products

  /// f32 or f64.
  [[nodiscard]] torch::ScalarType parameters() const;
  [[nodiscard]] bool autocast() const {
    return compute == torch::kBFloat16 || compute == torch::kFloat16;
  }
  [[nodiscard]] bool scales_loss() const { return compute == torch::kFloat16; }
};

/// The precision that train.dtype names on this device. "auto" is the device's fast half precision:
/// bfloat16 on a GPU that has it, else float16; on a CPU bfloat16 with AMX or AVX512-BF16, else
/// float32 (bfloat16 is 14 times slower there). Throws UsageError for an unknown name.
[[nodiscard]] Precision choose_precision(const std::string& dtype, torch::Device device);
/// As train.dtype names it: "float32", "bfloat16", …
[[nodiscard]] std::string name_of(torch::ScalarType type);

/// Autocast on this thread for the lifetime of this object; nothing where the precision needs none.
/// Cast weights are cached until its end.
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

/// Loss scaling (arXiv 1710.03740): a factor that keeps small float16 gradients above zero. Halved
/// when a gradient overflows, doubled after 2000 steps without overflow. Always 1 for other
/// precisions.
class LossScale {
 public:
  LossScale(const Precision& precision, torch::Device device);

  /// The two numbers that a checkpoint stores. Reading either waits for the device.
  [[nodiscard]] double value() const;
  [[nodiscard]] std::uint32_t good_steps() const;
  /// Takes over a checkpoint's values.
  void restore(double value, std::uint32_t good_steps);

  /// The scalar loss times the scale.
  [[nodiscard]] torch::Tensor scale(const torch::Tensor& loss) const;
  /// Divides the gradients by the scale, in place, and adapts the scale. Returns an f32 scalar on
  /// their device: 1 where a gradient was not finite and the step must be skipped, else 0.
  [[nodiscard]] torch::Tensor unscale(std::vector<torch::Tensor>& gradients);

 private:
  bool active_;
  torch::Tensor scale_;  ///< f32 [1]
  torch::Tensor good_;   ///< i32 [1]
};

}  // namespace millrace::trainer
