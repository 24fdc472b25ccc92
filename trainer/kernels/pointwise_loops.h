// The loops of pointwise_kernels.h. Included by one file for each instruction set, which compiles
// them for it; all is in an unnamed namespace, so that the linker never takes one file's code for
// another's.
//
// No loop has a branch. exp is 2^n · 2^f with a polynomial for 2^f (relative error 2e-7); erf is
// Abramowitz and Stegun's 7.1.26 (absolute error 1.5e-7). Sums run in several lanes at once (omp
// simd), so their order depends on the instruction set.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "trainer/kernels/pointwise_kernels.h"

namespace millrace::trainer {
namespace {

inline float wide(float x) { return x; }
inline float wide(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

template <class X>
inline X narrow(float x);
template <>
inline float narrow<float>(float x) {
  return x;
}
/// Rounds to nearest, ties to even. NaN stays NaN.
template <>
inline Bf16 narrow<Bf16>(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  return {static_cast<std::uint16_t>((bits & 0x7fffffffU) > 0x7f800000U ? 0x7fc0U : rounded)};
}

/// e^x for x clamped to [−87, 87].
inline float exp_of(float x) {
  constexpr float kLog2e = 1.44269504088896341F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  // 1.5 · 2^23: adding it leaves a whole number in the lowest bits.
  constexpr float kRound = 12582912.0F;
  x = x < -87.0F ? -87.0F : x;
  x = x > 87.0F ? 87.0F : x;
  const float shifted = x * kLog2e + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) +
                              (std::bit_cast<std::uint32_t>(shifted) << 23));
}

struct Gelu {
  float value, slope;
};

/// x · sigmoid(2u), u = √(2/π)(x + 0.044715 x³): 0.5 x (1 + tanh u) with one exponential.
inline Gelu gelu_with_tanh(float x) {
  constexpr float kTwice = 2.0F * 0.79788456080286536F, kCube = 0.044715F;
  const float square = x * x;
  const float sigmoid = 1.0F / (1.0F + exp_of(-kTwice * x * (1.0F + kCube * square)));
  return {x * sigmoid,
          sigmoid + x * sigmoid * (1.0F - sigmoid) * kTwice * (1.0F + 3.0F * kCube * square)};
}

/// x Φ(x); Φ and the density share their exponential.
inline Gelu exact_gelu(float x) {
  constexpr float kRoot = 0.70710678118654752F, kDensity = 0.39894228040143268F;
  const float z = std::fabs(x) * kRoot;
  const float t = 1.0F / (1.0F + 0.3275911F * z);
  const float e = exp_of(-z * z);
  const float tail =
      0.5F * e * t *
      (0.254829592F +
       t * (-0.284496736F + t * (1.421413741F + t * (-1.453152027F + t * 1.061405429F))));
  const float phi = x < 0.0F ? tail : 1.0F - tail;
  return {x * phi, phi + x * kDensity * e};
}

template <class X>
void gelu(const X* __restrict x, std::int64_t count, bool with_tanh, X* __restrict out) {
  if (with_tanh) {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = narrow<X>(gelu_with_tanh(wide(x[i])).value);
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = narrow<X>(exact_gelu(wide(x[i])).value);
    }
  }
}

template <class X>
void gelu_backward(const X* __restrict x, const X* __restrict grad, std::int64_t count,
                   bool with_tanh, X* __restrict out) {
  if (with_tanh) {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = narrow<X>(wide(grad[i]) * gelu_with_tanh(wide(x[i])).slope);
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = narrow<X>(wide(grad[i]) * exact_gelu(wide(x[i])).slope);
    }
  }
}

template <class X>
void norm(const float* __restrict x, const float* __restrict weight, const float* __restrict bias,
          std::int64_t rows, std::int64_t width, float epsilon, X* __restrict out,
          float* __restrict statistics) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, out += width, statistics += 2) {
    float sum = 0.0F, squares = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < width; ++i) sum += x[i];
    const float mean = sum / static_cast<float>(width);
#pragma omp simd reduction(+ : squares)
    for (std::int64_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
    const float inverse = 1.0F / std::sqrt(squares / static_cast<float>(width) + epsilon);
    if (bias != nullptr) {
      for (std::int64_t i = 0; i < width; ++i) {
        out[i] = narrow<X>((x[i] - mean) * inverse * weight[i] + bias[i]);
      }
    } else {
      for (std::int64_t i = 0; i < width; ++i) {
        out[i] = narrow<X>((x[i] - mean) * inverse * weight[i]);
      }
    }
    statistics[0] = mean;
    statistics[1] = inverse;
  }
}

template <class X>
void norm_backward(const float* __restrict x, const float* __restrict weight,
                   const float* __restrict statistics, const X* __restrict grad, std::int64_t rows,
                   std::int64_t width, float* __restrict grad_x, float* __restrict grad_weight,
                   float* __restrict grad_bias) {
  for (std::int64_t row = 0; row < rows;
       ++row, x += width, grad += width, grad_x += width, statistics += 2) {
    const float mean = statistics[0], inverse = statistics[1];
    float along = 0.0F, across = 0.0F;  // Σ g·weight and Σ g·weight·x̂
#pragma omp simd reduction(+ : along, across)
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = wide(grad[i]), normed = (x[i] - mean) * inverse;
      along += g * weight[i];
      across += g * weight[i] * normed;
      grad_weight[i] += g * normed;
    }
    along /= static_cast<float>(width);
    across /= static_cast<float>(width);
    for (std::int64_t i = 0; i < width; ++i) {
      grad_x[i] = inverse * (wide(grad[i]) * weight[i] - along - (x[i] - mean) * inverse * across);
    }
    if (grad_bias != nullptr) {
      for (std::int64_t i = 0; i < width; ++i) {
        grad_bias[i] += wide(grad[i]);
      }
    }
  }
}

/// The factor of element i: 0, or the scale. The hash is two rounds of a 32-bit mixer like
/// Wellons', with one half of the key in each.
inline float factor_of(const DropoutMask& d, std::uint32_t i) {
  std::uint32_t h = i * 0x9e3779b1U + d.key_low;
  h = (h ^ (h >> 16)) * 0x21f0aaadU;
  h = ((h ^ (h >> 15)) + d.key_high) * 0x735a2d97U;
  h ^= h >> 15;
  return h >= d.below ? d.scale : 0.0F;
}

/// Calls use(factor), where factor(i) is the dropout factor of element first + i. Without dropout
/// nothing is hashed.
template <class Use>
void with_factor(const DropoutMask& mask, std::int64_t first, const Use& use) {
  if (mask.below == 0) {
    use([](std::int64_t) { return 1.0F; });
  } else {
    const auto number = static_cast<std::uint32_t>(first);
    use([d = mask, number](std::int64_t i) {
      return factor_of(d, number + static_cast<std::uint32_t>(i));
    });
  }
}

template <class X, class Factor>
void add_row(const float* __restrict x, const X* __restrict h, const float* __restrict gate,
             const Factor& factor, std::int64_t width, float* __restrict out) {
  if (gate == nullptr) {
    for (std::int64_t i = 0; i < width; ++i) {
      out[i] = x[i] + wide(h[i]) * factor(i);
    }
  } else {
    for (std::int64_t i = 0; i < width; ++i) {
      out[i] = x[i] + wide(h[i]) * gate[i] * factor(i);
    }
  }
}

template <class X>
void add(const float* x, const X* h, const float* gate, const DropoutMask& mask, std::int64_t first,
         std::int64_t rows, std::int64_t width, float* out) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, h += width, out += width) {
    with_factor(mask, first + row * width,
                [&](const auto& factor) { add_row(x, h, gate, factor, width, out); });
  }
}

template <class X, class Factor>
void add_backward_row(const float* __restrict grad, const X* __restrict h,
                      const float* __restrict gate, const Factor& factor, std::int64_t width,
                      X* __restrict grad_h, float* __restrict grad_gate) {
  if (gate == nullptr) {
    for (std::int64_t i = 0; i < width; ++i) {
      grad_h[i] = narrow<X>(grad[i] * factor(i));
    }
  } else {
    for (std::int64_t i = 0; i < width; ++i) {
      const float passed = grad[i] * factor(i);
      grad_h[i] = narrow<X>(passed * gate[i]);
      grad_gate[i] += passed * wide(h[i]);
    }
  }
}

template <class X>
void add_backward(const float* grad, const X* h, const float* gate, const DropoutMask& mask,
                  std::int64_t first, std::int64_t rows, std::int64_t width, X* grad_h,
                  float* grad_gate) {
  for (std::int64_t row = 0; row < rows; ++row, grad += width, h += width, grad_h += width) {
    with_factor(mask, first + row * width, [&](const auto& factor) {
      add_backward_row(grad, h, gate, factor, width, grad_h, grad_gate);
    });
  }
}

template <class X>
void drop(const X* __restrict x, const DropoutMask& mask, std::int64_t first, std::int64_t count,
          X* __restrict out) {
  with_factor(mask, first, [&](const auto& factor) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = narrow<X>(wide(x[i]) * factor(i));
  });
}

template <class X>
void rotate(const X* x, const float* __restrict cos, const float* __restrict sin, bool back,
            std::int64_t width, X* out) {
  const std::int64_t half = width / 2;
  const float sign = back ? -1.0F : 1.0F;
#pragma omp simd
  for (std::int64_t j = 0; j < half; ++j) {
    const float a = wide(x[j]), b = wide(x[j + half]), c = cos[j], s = sign * sin[j];
    out[j] = narrow<X>(a * c - b * s);
    out[j + half] = narrow<X>(b * c + a * s);
  }
}

template <class X>
constexpr ActivationKernels<X> activation_kernels() {
  return {gelu<X>, gelu_backward<X>, norm<X>, norm_backward<X>,
          add<X>,  add_backward<X>,  drop<X>, rotate<X>};
}
constexpr PointwiseKernels pointwise_kernels() {
  return {activation_kernels<float>(), activation_kernels<Bf16>()};
}

}  // namespace
}  // namespace millrace::trainer
