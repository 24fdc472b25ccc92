// The MLP as an autograd function (fused_mlp.h). With h = W₁x + b₁, a = gelu(h), y = W₂a + b₂ and g
// the gradient of y:
//
//     ∂b₂ = Σ g,   ∂W₂ = gᵀa,   ∂h = gelu'(h)∘(gW₂),   ∂b₁ = Σ ∂h,   ∂W₁ = ∂hᵀx,   ∂x = ∂h·W₁
//
// W₁x is kept, a is recomputed. Every thread adds up weight gradients of its own; they are summed
// at the end.
//
// Test: tests/trainer/nn/fused_mlp_test.cc.
#include "trainer/nn/fused_mlp.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>

#include "trainer/nn/cpu_dispatch.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using Gradients = torch::autograd::variable_list;

const MlpKernels& kernels() { return cpu_kernels().mlp; }

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* out(const Tensor& x) { return x.mutable_data_ptr<float>(); }

/// A matrix [n, m] in panels (mlp_kernels.h), and its transpose in panels.
Tensor panels(const Tensor& matrix) {
  return matrix.reshape({matrix.size(0), -1, kernels().panel}).transpose(0, 1).contiguous();
}
Tensor transposed_panels(const Tensor& matrix) {
  return matrix.reshape({-1, kernels().panel, matrix.size(1)}).transpose(1, 2).contiguous();
}

std::int64_t ceil_div(std::int64_t number, std::int64_t divisor) {
  return (number + divisor - 1) / divisor;
}

/// How the rows of a batch are cut: into blocks of `block` rows, and these into one part a thread.
struct Cut {
  std::int64_t rows, parts, block;
};

Cut cut(std::int64_t rows) {
  const std::int64_t threads = at::get_num_threads(), unit = kernels().row_unit;
  const std::int64_t block =
      std::min(kernels().most_rows, ceil_div(ceil_div(rows, threads), unit) * unit);
  return {rows, std::min(threads, ceil_div(rows, block)), block};
}

/// Calls use(part, first row, shape of the block, scratch memory) for every block, parts in
/// parallel.
template <class Use>
void each_block(const Cut& cut, const MlpShape& whole, const Use& use) {
  const std::int64_t blocks = ceil_div(cut.rows, cut.block);
  at::parallel_for(0, cut.parts, 1, [&](std::int64_t begin, std::int64_t end) {
    MlpShape shape = whole;
    shape.rows = cut.block;
    const auto scratch =
        std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(kernels().scratch(shape)));
    for (std::int64_t part = begin; part < end; ++part) {
      for (std::int64_t i = part * blocks / cut.parts; i < (part + 1) * blocks / cut.parts; ++i) {
        shape.rows = std::min(cut.block, cut.rows - i * cut.block);
        use(part, i * cut.block, shape, scratch.get());
      }
    }
  });
}

struct MlpFunction : torch::autograd::Function<MlpFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& first,
                        const Tensor& first_bias, const Tensor& second, const Tensor& second_bias,
                        bool with_tanh, bool keep) {
    const Tensor x = given.contiguous(), first_transposed = transposed_panels(first),
                 second_transposed = transposed_panels(second);
    const std::int64_t width = first.size(1), hidden = first.size(0), rows = x.numel() / width;
    const Tensor y = torch::empty_like(x),
                 between = keep ? torch::empty({rows, hidden}, x.options()) : Tensor();
    const Cut parts = cut(rows);
    each_block(parts, {.width = width, .hidden = hidden, .with_tanh = with_tanh},
               [&](std::int64_t, std::int64_t row, const MlpShape& shape, float* scratch) {
                 kernels().forward(shape,
                                   {.x = in(x) + row * width,
                                    .first_transposed = in(first_transposed),
                                    .second_transposed = in(second_transposed),
                                    .first_bias = in(first_bias),
                                    .second_bias = in(second_bias),
                                    .between = keep ? out(between) + row * hidden : nullptr,
                                    .y = out(y) + row * width},
                                   scratch);
               });
    if (keep) {
      context->save_for_backward({x, first, first_bias, second, between});
      context->saved_data["with_tanh"] = with_tanh;
      context->saved_data["block"] = parts.block;
    }
    return y;
  }

  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &first = saved[1], &first_bias = saved[2], &second = saved[3],
                 &between = saved[4];
    const Tensor grad = gradients[0].contiguous(), first_panels = panels(first),
                 second_panels = panels(second);
    const std::int64_t width = first.size(1), hidden = first.size(0), rows = x.numel() / width;
    Cut parts = cut(rows);
    parts.block = context->saved_data["block"].toInt();
    const auto sums = [&](at::IntArrayRef sizes) {
      std::vector<std::int64_t> all{parts.parts};
      all.insert(all.end(), sizes.begin(), sizes.end());
      return torch::zeros(all, x.options());
    };
    const Tensor grad_x = torch::empty_like(x), of_first = sums({hidden, width}),
                 of_second = sums({width, hidden}), of_first_bias = sums({hidden}),
                 of_second_bias = sums({width});
    each_block(
        parts,
        {.width = width, .hidden = hidden, .with_tanh = context->saved_data["with_tanh"].toBool()},
        [&](std::int64_t part, std::int64_t row, const MlpShape& shape, float* scratch) {
          kernels().backward(shape,
                             {.x = in(x) + row * width,
                              .between = in(between) + row * hidden,
                              .grad = in(grad) + row * width,
                              .first = in(first_panels),
                              .second = in(second_panels),
                              .first_bias = in(first_bias),
                              .grad_x = out(grad_x) + row * width,
                              .grad_first = out(of_first) + part * hidden * width,
                              .grad_second = out(of_second) + part * hidden * width,
                              .grad_first_bias = out(of_first_bias) + part * hidden,
                              .grad_second_bias = out(of_second_bias) + part * width},
                             scratch);
        });
    return {
        grad_x, of_first.sum(0), of_first_bias.sum(0), of_second.sum(0), of_second_bias.sum(0), {},
        {}};
  }
};

/// Whether the threads' sums of weight gradients take less memory than the hidden activations that
/// are not kept.
bool worth_it(std::int64_t rows, std::int64_t width) {
  return rows >= 2 * width * at::get_num_threads();
}

bool fits(const Tensor& x, const Linear& first, const Linear& second) {
  const auto is_f32 = [](const Tensor& tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32;
  };
  const std::int64_t width = first.weight.size(1), hidden = first.weight.size(0);
  return is_f32(x) && is_f32(first.weight) && is_f32(second.weight) &&
         !at::autocast::is_autocast_enabled(at::kCPU) && width % kernels().panel == 0 &&
         hidden % kernels().panel == 0 && worth_it(x.numel() / width, width);
}

Tensor bias_of(const Linear& matrix) {
  return matrix.bias.defined()
             ? matrix.bias
             : torch::zeros({matrix.weight.size(0)}, matrix.weight.options().requires_grad(false));
}

}  // namespace

Tensor mlp(const Tensor& x, const Linear& first, const Linear& second, GeluKind kind) {
  if (!fits(x, first, second)) return second(gelu(first(x), kind));
  return MlpFunction::apply(x, first.weight, bias_of(first), second.weight, bias_of(second),
                            kind == GeluKind::kTanh, torch::GradMode::is_enabled());
}

}  // namespace millrace::trainer
