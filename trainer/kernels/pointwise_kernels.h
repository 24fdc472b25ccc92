// The operations between a network's matrix products on a CPU, each in one pass over memory where
// LibTorch's single operations take several: here a step waits for memory and for slow special
// functions, not for multiplications.
//
// Plain C++ that the compiler vectorises (pointwise_loops.h) for the baseline, for AVX2 and for
// AVX-512, free of LibTorch. The functions are pure. Numbers are f32 or bf16 in memory and f32 in
// computations; tensors are contiguous rows of `width` numbers. Pointers of different parameters
// must not overlap, except where `out` may be an input. fused.cc has the mathematics, and cuts the
// work into rows and threads.
#pragma once

#include <cstdint>

#include "trainer/kernels/dropout_mask.h"

namespace millrace::trainer {

/// A bfloat16 in memory: the upper half of an f32.
struct Bf16 {
  std::uint16_t bits;
};

/// The kernels for activations of type X, float or Bf16.
template <class X>
struct ActivationKernels {
  /// out = GELU(x), exact or by tanh.
  void (*gelu)(const X* x, std::int64_t count, bool with_tanh, X* out);
  /// out = grad · GELU'(x).
  void (*gelu_backward)(const X* x, const X* grad, std::int64_t count, bool with_tanh, X* out);

  /// LayerNorm: out = (x − mean)/deviation · weight + bias for each row; bias null: 0. `statistics`
  /// gets mean and 1/deviation of each row.
  void (*norm)(const float* x, const float* weight, const float* bias, std::int64_t rows,
               std::int64_t width, float epsilon, X* out, float* statistics);
  /// Sets grad_x; adds the rows' gradients to grad_weight, and to grad_bias unless that is null.
  void (*norm_backward)(const float* x, const float* weight, const float* statistics, const X* grad,
                        std::int64_t rows, std::int64_t width, float* grad_x, float* grad_weight,
                        float* grad_bias);

  /// out = x + gate · dropout(h) for each row; gate null: 1. `first`: the first element's number.
  void (*add)(const float* x, const X* h, const float* gate, const DropoutMask& mask,
              std::int64_t first, std::int64_t rows, std::int64_t width, float* out);
  /// Sets grad_h; adds the rows' gradients to grad_gate, which is null where gate is.
  void (*add_backward)(const float* grad, const X* h, const float* gate, const DropoutMask& mask,
                       std::int64_t first, std::int64_t rows, std::int64_t width, X* grad_h,
                       float* grad_gate);

  /// out = dropout(x). `first`: the first element's number.
  void (*drop)(const X* x, const DropoutMask& mask, std::int64_t first, std::int64_t count, X* out);

  /// Rotates a row: pair (j, j + width/2) by the angle of these cos and sin [width/2], or back. out
  /// may be x.
  void (*rotate)(const X* x, const float* cos, const float* sin, bool back, std::int64_t width,
                 X* out);
};

struct PointwiseKernels {
  ActivationKernels<float> f32;
  ActivationKernels<Bf16> bf16;
};

}  // namespace millrace::trainer
