// A matrix product against the clock (matrix_product.h).
#include "trainer/bench/matrix_product.h"

#include "trainer/base/clock.h"

namespace millrace::trainer {
namespace {

constexpr double kLongEnoughMs = 100.0;

}  // namespace

MatrixProduct::MatrixProduct(std::int64_t rows, std::int64_t inner, std::int64_t columns,
                             torch::ScalarType type, torch::Device device)
    : left_(torch::ones({rows, inner}, torch::dtype(type).device(device))),
      right_(torch::ones({inner, columns}, torch::dtype(type).device(device))),
      product_(torch::empty({rows, columns}, torch::dtype(type).device(device))) {
  multiply();  // warm-up: chooses the kernel for these shapes, touches the memory
}

double MatrixProduct::gflops() {
  const auto start = Clock::now();
  double products = 0;
  do {
    multiply();
    ++products;
  } while (ms_since(start) < kLongEnoughMs);
  const double operations =
      2.0 * static_cast<double>(left_.numel()) * static_cast<double>(right_.size(1));
  return products * operations / (ms_since(start) * 1e6);
}

void MatrixProduct::multiply() {
  at::mm_out(product_, left_, right_);
  static_cast<void>(product_[0][0].item<double>());  // waits for a GPU
}

}  // namespace millrace::trainer
