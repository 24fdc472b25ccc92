// The loops between a network's matrix products on a CPU: each does in one pass over memory what
// LibTorch's single operations do in several, since at that point a step waits for memory and for
// slow special functions, not for multiplications.
//
// Plain C++ that the compiler turns into vectors (pointwise_loops.h), compiled for the baseline,
// for AVX2 and for AVX-512. Numbers are f32 or bf16 as they lie in memory and f32 in between;
// tensors are rows of `width` numbers side by side. Free of LibTorch; pure; fused.cc has the
// mathematics, cuts the work into rows and threads, and tests the result. Pointers of different
// parameters never overlap, but for `out` and one input where said.
#pragma once

#include <cstdint>

#include "trainer/kernels/dropout_mask.h"

namespace millrace::trainer {

/// A bfloat16 as it lies in memory: the upper half of an f32.
struct Bf16 {
  std::uint16_t bits;
};

/// For activations of one type.
template <class X>
struct ActivationKernels {
  /// out = GELU(x), the exact one or that with tanh.
  void (*gelu)(const X* x, std::int64_t count, bool with_tanh, X* out);
  /// out = grad · GELU'(x).
  void (*gelu_backward)(const X* x, const X* grad, std::int64_t count, bool with_tanh, X* out);

  /// out = (x − mean)/deviation · gain + shift for each row, shift null: 0; statistics gets mean
  /// and 1/deviation of each row.
  void (*norm)(const float* x, const float* gain, const float* shift, std::int64_t rows,
               std::int64_t width, float epsilon, X* out, float* statistics);
  /// grad_x, and what the rows add to grad_gain and grad_shift (null: not wanted).
  void (*norm_backward)(const float* x, const float* gain, const float* statistics, const X* grad,
                        std::int64_t rows, std::int64_t width, float* grad_x, float* grad_gain,
                        float* grad_shift);

  /// out = x + gate · dropped(h) for each row, gate null: 1; `first` is the number of the first
  /// element.
  void (*add)(const float* x, const X* h, const float* gate, const DropoutMask& dropping,
              std::int64_t first, std::int64_t rows, std::int64_t width, float* out);
  /// grad_h, and what the rows add to grad_gate (null where gate is).
  void (*add_backward)(const float* grad, const X* h, const float* gate,
                       const DropoutMask& dropping, std::int64_t first, std::int64_t rows,
                       std::int64_t width, X* grad_h, float* grad_gate);

  /// out = dropped(x); `first` is the number of the first element.
  void (*drop)(const X* x, const DropoutMask& dropping, std::int64_t first, std::int64_t count,
               X* out);

  /// out = the row turned: pair (j, j + width/2) by the angle with these cos and sin [width/2], or
  /// back; out may be x.
  void (*rotate)(const X* x, const float* cos, const float* sin, bool back, std::int64_t width,
                 X* out);
};

struct PointwiseKernels {
  ActivationKernels<float> f32;
  ActivationKernels<Bf16> bf16;
};

}  // namespace millrace::trainer
