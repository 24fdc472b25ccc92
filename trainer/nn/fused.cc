// Fused operations as autograd functions (fused.h). Their gradients, with g the gradient of y:
//
//     layer norm         x̂ = (x − μ)/s,  y = x̂·w + b:
//                        ∂w = Σ_l g·x̂,  ∂b = Σ_l g,  ∂x = (g·w − mean(g·w) − x̂·mean(g·w·x̂))/s
//     residual dropout   y = x + γ·m·h, m the dropout mask, which is recomputed, not kept:
//                        ∂x = g,  ∂h = g·γ·m,  ∂γ = Σ_l g·m·h
//     rotation           y = R·x:  ∂x = Rᵀ·g, the rotation back
//
// Test: tests/trainer/nn/fused_test.cc.
#include "trainer/nn/fused.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "trainer/nn/cpu_dispatch.h"
#include "trainer/nn/draw_dropout_mask.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using Gradients = torch::autograd::variable_list;
using Maybe = std::optional<Tensor>;

constexpr double kEpsilon = 1e-5;
constexpr std::int64_t kRowsAtOnce = 32;
constexpr std::int64_t kElementsAtOnce = 1 << 14;

const PointwiseKernels& kernels() { return cpu_kernels().pointwise; }

bool is_bf16(const Tensor& x) { return x.scalar_type() == torch::kBFloat16; }
bool is_f32(const Tensor& x) { return x.scalar_type() == torch::kFloat32; }
bool fits(const Tensor& x) { return x.is_cpu() && x.numel() > 0 && (is_bf16(x) || is_f32(x)); }

/// The numbers of a tensor, null for an undefined one.
const float* f32(const Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }
float* f32_out(const Tensor& x) { return x.defined() ? x.mutable_data_ptr<float>() : nullptr; }

/// Calls `use` with the kernels for the dtype of x and a number of that type.
template <class Use>
void by_type(const Tensor& x, const Use& use) {
  is_bf16(x) ? use(kernels().bf16, Bf16{}) : use(kernels().f32, float{});
}
template <class X>
const X* in(const Tensor& x) {
  return static_cast<const X*>(x.const_data_ptr());
}
template <class X>
X* out(const Tensor& x) {
  return static_cast<X*>(x.mutable_data_ptr());
}

/// An autograd function takes no undefined tensor.
Maybe maybe(const Tensor& x) { return x.defined() ? Maybe(x) : std::nullopt; }
Tensor contiguous(const Maybe& x) { return x ? x->contiguous() : Tensor(); }

/// The dtype in which matrix products will take this tensor.
torch::ScalarType product_type(const Tensor& x) {
  const auto type = at::autocast::is_autocast_enabled(at::kCPU)
                        ? at::autocast::get_autocast_dtype(at::kCPU)
                        : x.scalar_type();
  return type == torch::kBFloat16 ? type : x.scalar_type();
}

/// Calls use(sample, first row, rows) for blocks of rows, each within one sample of x [B, L, H].
template <class Use>
void each_block(const Tensor& x, const Use& use) {
  const std::int64_t length = x.size(1), blocks = (length + kRowsAtOnce - 1) / kRowsAtOnce;
  at::parallel_for(0, x.size(0) * blocks,
                   std::max<std::int64_t>(1, kElementsAtOnce / (kRowsAtOnce * x.size(2))),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) {
                       const std::int64_t sample = i / blocks, row = (i % blocks) * kRowsAtOnce;
                       use(sample, sample * length + row, std::min(kRowsAtOnce, length - row));
                     }
                   });
}

/// The row for a sample, of values [B, H] or [1, H]; null stays null.
template <class Number>
Number* row_of(Number* values, const Tensor& shape, std::int64_t sample) {
  return values == nullptr || shape.size(0) == 1 ? values : values + sample * shape.size(1);
}

/// Gradients by sample [B, H], summed where `given` was one row for all samples.
Tensor summed_like(const Tensor& by_sample, const Tensor& given) {
  return given.size(0) == 1 && by_sample.size(0) > 1 ? by_sample.sum(0, true) : by_sample;
}

/// Calls use(begin, end) for ranges of the elements of x.
template <class Use>
void each_part(const Tensor& x, const Use& use) {
  at::parallel_for(0, x.numel(), kElementsAtOnce, use);
}

struct GeluFunction : torch::autograd::Function<GeluFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given, bool with_tanh) {
    const Tensor x = given.contiguous();
    context->save_for_backward({x});
    context->saved_data["with_tanh"] = with_tanh;
    Tensor y = torch::empty_like(x);
    by_type(x, [&]<class X>(const ActivationKernels<X>& run, X) {
      each_part(x, [&](std::int64_t begin, std::int64_t end) {
        run.gelu(in<X>(x) + begin, end - begin, with_tanh, out<X>(y) + begin);
      });
    });
    return y;
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const Tensor x = context->get_saved_variables()[0], grad = gradients[0].contiguous();
    const bool with_tanh = context->saved_data["with_tanh"].toBool();
    Tensor grad_x = torch::empty_like(x);
    by_type(x, [&]<class X>(const ActivationKernels<X>& run, X) {
      each_part(x, [&](std::int64_t begin, std::int64_t end) {
        run.gelu_backward(in<X>(x) + begin, in<X>(grad) + begin, end - begin, with_tanh,
                          out<X>(grad_x) + begin);
      });
    });
    return {grad_x, {}};
  }
};

struct LayerNormFunction : torch::autograd::Function<LayerNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& given_weight,
                        const Maybe& given_bias, torch::ScalarType dtype) {
    const Tensor x = given.contiguous(), weight = given_weight.contiguous(),
                 bias = contiguous(given_bias);
    const std::int64_t width = x.size(2);
    Tensor y = torch::empty(x.sizes(), x.options().dtype(dtype)),
           statistics = torch::empty({x.size(0) * x.size(1), 2}, x.options());
    by_type(y, [&]<class X>(const ActivationKernels<X>& run, X) {
      each_block(x, [&](std::int64_t sample, std::int64_t row, std::int64_t rows) {
        run.norm(f32(x) + row * width, row_of(f32(weight), weight, sample),
                 row_of(f32(bias), weight, sample), rows, width, static_cast<float>(kEpsilon),
                 out<X>(y) + row * width, f32_out(statistics) + row * 2);
      });
    });
    context->save_for_backward({x, weight, statistics});
    context->saved_data["biased"] = bias.defined();
    return y;
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &statistics = saved[2];
    const bool biased = context->saved_data["biased"].toBool();
    const Tensor grad = gradients[0].contiguous();
    const std::int64_t samples = x.size(0), length = x.size(1), width = x.size(2);
    Tensor grad_x = torch::empty_like(x), grad_weight = torch::zeros({samples, width}, x.options());
    Tensor grad_bias = biased ? torch::zeros({samples, width}, x.options()) : Tensor();
    by_type(grad, [&]<class X>(const ActivationKernels<X>& run, X) {
      at::parallel_for(0, samples, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t sample = begin; sample < end; ++sample) {
          const std::int64_t row = sample * length;
          run.norm_backward(f32(x) + row * width, row_of(f32(weight), weight, sample),
                            f32(statistics) + row * 2, in<X>(grad) + row * width, length, width,
                            f32_out(grad_x) + row * width,
                            row_of(f32_out(grad_weight), grad_weight, sample),
                            row_of(f32_out(grad_bias), grad_weight, sample));
        }
      });
    });
    return {grad_x,
            summed_like(grad_weight, weight),
            biased ? summed_like(grad_bias, weight) : Tensor(),
            {}};
  }
};

/// Linear in x, so its gradient is the same function of g.
struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double drop) {
    return run(x.contiguous(), draw_dropout_mask(*context, drop));
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    return {run(gradients[0].contiguous(), saved_dropout_mask(*context)), {}};
  }

 private:
  static Tensor run(const Tensor& x, const DropoutMask& mask) {
    Tensor y = torch::empty_like(x);
    by_type(x, [&]<class X>(const ActivationKernels<X>& run, X) {
      each_part(x, [&](std::int64_t begin, std::int64_t end) {
        run.drop(in<X>(x) + begin, mask, begin, end - begin, out<X>(y) + begin);
      });
    });
    return y;
  }
};

struct ResidualDropoutFunction : torch::autograd::Function<ResidualDropoutFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given_x, const Tensor& given_h,
                        const Maybe& given_gate, double drop) {
    const Tensor x = given_x.contiguous(), h = given_h.contiguous(), gate = contiguous(given_gate);
    const DropoutMask mask = draw_dropout_mask(*context, drop);
    const std::int64_t width = x.size(2);
    Tensor y = torch::empty_like(x);
    by_type(h, [&]<class X>(const ActivationKernels<X>& run, X) {
      each_block(x, [&](std::int64_t sample, std::int64_t row, std::int64_t rows) {
        run.add(f32(x) + row * width, in<X>(h) + row * width, row_of(f32(gate), gate, sample), mask,
                row * width, rows, width, f32_out(y) + row * width);
      });
    });
    context->save_for_backward({h, gate});
    return y;
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &h = saved[0], &gate = saved[1];
    const Tensor grad = gradients[0].contiguous();
    const DropoutMask mask = saved_dropout_mask(*context);
    const std::int64_t samples = h.size(0), length = h.size(1), width = h.size(2);
    Tensor grad_h = torch::empty_like(h),
           grad_gate = gate.defined() ? torch::zeros({samples, width}, grad.options()) : Tensor();
    by_type(h, [&]<class X>(const ActivationKernels<X>& run, X) {
      at::parallel_for(0, samples, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t sample = begin; sample < end; ++sample) {
          const std::int64_t at = sample * length * width;
          run.add_backward(f32(grad) + at, in<X>(h) + at, row_of(f32(gate), gate, sample), mask, at,
                           length, width, out<X>(grad_h) + at,
                           gate.defined() ? f32_out(grad_gate) + sample * width : nullptr);
        }
      });
    });
    return {grad, grad_h, gate.defined() ? summed_like(grad_gate, gate) : Tensor(), {}};
  }
};

/// Calls move(part, position, offset in [B, L, 3, heads, D], offset in [B, heads, L, D]) for the
/// head vectors of queries, keys and values (parts 0, 1, 2).
template <class Move>
void each_head(std::int64_t samples, std::int64_t length, std::int64_t heads, std::int64_t size,
               const Move& move) {
  at::parallel_for(0, samples * length,
                   std::max<std::int64_t>(1, kElementsAtOnce / (3 * heads * size)),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       for (std::int64_t part = 0; part < 3; ++part) {
                         for (std::int64_t head = 0; head < heads; ++head) {
                           move(part, row % length, ((row * 3 + part) * heads + head) * size,
                                ((row / length * heads + head) * length + row % length) * size);
                         }
                       }
                     }
                   });
}

struct SplitHeadsFunction : torch::autograd::Function<SplitHeadsFunction> {
  static Gradients forward(AutogradContext* context, const Tensor& given, const Maybe& given_cos,
                           const Maybe& given_sin) {
    const Tensor qkv = given.contiguous(), cos = contiguous(given_cos), sin = contiguous(given_sin);
    const std::int64_t samples = qkv.size(0), length = qkv.size(1), heads = qkv.size(3),
                       size = qkv.size(4);
    Gradients parts;
    for (int part = 0; part < 3; ++part) {
      parts.push_back(torch::empty({samples, heads, length, size}, qkv.options()));
    }
    by_type(qkv, [&]<class X>(const ActivationKernels<X>& run, X) {
      X* const to[] = {out<X>(parts[0]), out<X>(parts[1]), out<X>(parts[2])};
      const X* const from = in<X>(qkv);
      each_head(
          samples, length, heads, size,
          [&](std::int64_t part, std::int64_t position, std::int64_t joint, std::int64_t own) {
            move(run, from + joint, to[part] + own, part < 2, position, cos, sin, false, size);
          });
    });
    context->save_for_backward({cos, sin});
    return parts;
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor parts[] = {gradients[0].contiguous(), gradients[1].contiguous(),
                            gradients[2].contiguous()};
    const std::int64_t samples = parts[0].size(0), heads = parts[0].size(1),
                       length = parts[0].size(2), size = parts[0].size(3);
    Tensor grad = torch::empty({samples, length, 3, heads, size}, parts[0].options());
    by_type(grad, [&]<class X>(const ActivationKernels<X>& run, X) {
      const X* const from[] = {in<X>(parts[0]), in<X>(parts[1]), in<X>(parts[2])};
      X* const to = out<X>(grad);
      each_head(
          samples, length, heads, size,
          [&](std::int64_t part, std::int64_t position, std::int64_t joint, std::int64_t own) {
            move(run, from[part] + own, to + joint, part < 2, position, saved[0], saved[1], true,
                 size);
          });
    });
    return {grad, {}, {}};
  }

 private:
  /// Copies a head's vector of `size` numbers, rotated where there are angles and it is `rotated`.
  template <class X>
  static void move(const ActivationKernels<X>& run, const X* from, X* to, bool rotated,
                   std::int64_t position, const Tensor& cos, const Tensor& sin, bool back,
                   std::int64_t size) {
    if (rotated && cos.defined()) {
      run.rotate(from, f32(cos) + position * (size / 2), f32(sin) + position * (size / 2), back,
                 size, to);
    } else {
      std::memcpy(to, from, static_cast<std::size_t>(size) * sizeof(X));
    }
  }
};

/// [B, H] or [1, H] → [B, 1, H] or [1, 1, H], which broadcasts over positions.
Tensor over_positions(const Tensor& values) { return values.unsqueeze(1); }

}  // namespace

Tensor gelu(const Tensor& x, GeluKind kind) {
  if (fits(x)) return GeluFunction::apply(x, kind == GeluKind::kTanh);
  return at::gelu(x, kind == GeluKind::kTanh ? "tanh" : "none");
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto as_x = [&](const Tensor& values) {
    return values.defined() ? values.to(x.scalar_type()) : values;
  };
  if (fits(x) && is_f32(x)) {
    return LayerNormFunction::apply(x, as_x(weight), maybe(as_x(bias)), product_type(x));
  }
  const Tensor scaled = at::layer_norm(x, {x.size(2)}, {}, {}, kEpsilon) * over_positions(weight);
  return bias.defined() ? scaled + over_positions(bias) : scaled;
}

Tensor residual_dropout(const Tensor& x, const Tensor& h, const Tensor& gate, double drop) {
  if (fits(x) && is_f32(x) && fits(h)) {
    return ResidualDropoutFunction::apply(
        x, h, maybe(gate.defined() ? gate.to(x.scalar_type()) : gate), drop);
  }
  const Tensor kept = dropout(h, drop);
  return x + (gate.defined() ? over_positions(gate) * kept : kept);
}

Tensor dropout(const Tensor& x, double drop) {
  if (drop <= 0.0) return x;
  return fits(x) ? DropoutFunction::apply(x, drop) : at::dropout(x, drop, true);
}

Heads split_heads(const Tensor& qkv, const Rotary* rotary) {
  if (fits(qkv)) {
    const auto parts = rotary == nullptr
                           ? SplitHeadsFunction::apply(qkv, Maybe(), Maybe())
                           : SplitHeadsFunction::apply(qkv, Maybe(rotary->cos), Maybe(rotary->sin));
    return {parts[0], parts[1], parts[2]};
  }
  const Tensor qk = qkv.narrow(2, 0, 2);
  const Tensor rotated = rotary == nullptr ? qk : rotary->rotate(qk);
  const auto by_head = [](const Tensor& t, std::int64_t part) {
    return t.select(2, part).transpose(1, 2);
  };
  return {by_head(rotated, 0), by_head(rotated, 1), by_head(qkv, 2)};
}

}  // namespace millrace::trainer
