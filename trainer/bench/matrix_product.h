// What the machine can do at best where a model computes: one large matrix product, as LibTorch
// computes it.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// [rows, inner] × [inner, columns] of one type on one device, by as many threads as LibTorch has.
class MatrixProduct {
 public:
  MatrixProduct(std::int64_t rows, std::int64_t inner, std::int64_t columns, torch::ScalarType type,
                torch::Device device);

  /// 10^9 operations a second, 2 · rows · inner · columns a product, over a tenth of a second or
  /// one product.
  [[nodiscard]] double gflops();

 private:
  void multiply();

  torch::Tensor left_, right_, product_;
};

}  // namespace millrace::trainer
