// The speed of one large matrix product in LibTorch: the yardstick for a model's speed.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// [rows, inner] × [inner, columns] of one type on one device, with LibTorch's number of threads.
class MatrixProduct {
 public:
  MatrixProduct(std::int64_t rows, std::int64_t inner, std::int64_t columns, torch::ScalarType type,
                torch::Device device);

  /// GFLOP/s, counting 2 · rows · inner · columns operations a product, over a tenth of a second or
  /// one product.
  [[nodiscard]] double gflops();

 private:
  void multiply();

  torch::Tensor left_, right_, product_;
};

}  // namespace millrace::trainer
