// A matrix with contiguous rows, as the loops of cpu_kernels.h take and give it. Free of LibTorch.
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// The numbers of a row are contiguous; rows begin `stride` numbers apart.
template <class Number>
struct Rows {
  Number* values;
  std::int64_t stride;
  [[nodiscard]] Number* operator[](std::int64_t row) const { return values + row * stride; }
};

}  // namespace millrace::trainer
