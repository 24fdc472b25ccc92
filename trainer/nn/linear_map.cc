// The linear map as an autograd function (linear_map.h). LibTorch gives float32 products to MKL,
// which on AMD processors runs kernels that first copy and scale their matrices. There oneDNN,
// which LibTorch carries for bfloat16 and compiled graphs, is faster for y = xWᵀ + b and ∂x = gW,
// and our own loops are faster for ∂W = gᵀx, a long sum with a small result
// (docs/explanation/performance.md).
//
// Test: tests/trainer/nn/linear_map_test.cc.
#include "trainer/nn/linear_map.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "trainer/nn/cpu_dispatch.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using Gradients = torch::autograd::variable_list;
using Maybe = std::optional<Tensor>;

/// Multiplications below which finding oneDNN's kernel takes longer than running it.
constexpr std::int64_t kWorthIt = std::int64_t{1} << 22;

using Scalars = c10::List<std::optional<at::Scalar>>;
using OneDnnLinear = Tensor(const Tensor& x, const Tensor& weight, const Maybe& bias,
                            std::string_view activation, Scalars scalars,
                            std::optional<std::string_view> algorithm);

bool is_amd() {
#if defined(__x86_64__)
  return __builtin_cpu_is("amd") > 0;
#else
  return false;
#endif
}

/// The operator that compiled graphs use. Empty where this LibTorch has none, or MKL is no slower.
const std::optional<c10::TypedOperatorHandle<OneDnnLinear>>& one_dnn() {
  static const auto found = []() -> std::optional<c10::TypedOperatorHandle<OneDnnLinear>> {
    const auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!schema || !is_amd() || !at::globalContext().userEnabledMkldnn()) return std::nullopt;
    return schema->typed<OneDnnLinear>();
  }();
  return found;
}

Tensor by_one_dnn(const Tensor& x, const Tensor& weight, const Maybe& bias) {
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return one_dnn()->call(x, weight, bias, "none", Scalars(), "");
}

/// ∂x = gW. Where the result is wider than g, oneDNN is faster with a weight transposed in advance.
Tensor input_gradient(const Tensor& grad, const Tensor& weight) {
  return by_one_dnn(grad, weight.size(1) > weight.size(0) ? weight.t().contiguous() : weight.t(),
                    std::nullopt);
}

struct WeightGradient {
  Tensor weight, bias;
};

/// ∂W = gᵀx, and with a bias ∂b, the sum of g's rows: grad [n, out] and x [n, in], both contiguous.
WeightGradient weight_gradient(const Tensor& grad, const Tensor& x, bool biased) {
  const GemmKernels& kernels = cpu_kernels().gemm;
  const std::int64_t rows = x.size(0), outputs = grad.size(1), inputs = x.size(1);
  if (inputs % cpu_kernels().lanes != 0) {
    return {at::mm(grad.t(), x), biased ? grad.sum(0) : Tensor()};
  }
  const WeightGradient found{torch::empty({outputs, inputs}, x.options()),
                             biased ? torch::empty({outputs}, x.options()) : Tensor()};
  const float *const g = grad.const_data_ptr<float>(), *const in = x.const_data_ptr<float>();
  float *const out = found.weight.mutable_data_ptr<float>(),
               *const sums = biased ? found.bias.mutable_data_ptr<float>() : nullptr;
  const std::int64_t blocks = (outputs + kernels.block_rows - 1) / kernels.block_rows;
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kernels.block_rows,
                       count = std::min(end * kernels.block_rows, outputs) - first;
    const auto scratch =
        std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(kernels.scratch(count)));
    kernels.gemm_tn({.g = {g + first, outputs},
                     .x = {in, inputs},
                     .rows = rows,
                     .outputs = count,
                     .inputs = inputs,
                     .out = out + first * inputs,
                     .sums = biased ? sums + first : nullptr},
                    scratch.get());
  });
  return found;
}

bool fits(const Tensor& x, const Tensor& weight) {
  const auto is_f32 = [](const Tensor& tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32;
  };
  return one_dnn() && is_f32(x) && is_f32(weight) && !at::autocast::is_autocast_enabled(at::kCPU) &&
         x.numel() * weight.size(0) >= kWorthIt;
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight,
                        const Maybe& bias) {
    const Tensor x = given.contiguous();
    context->save_for_backward({x, weight});
    context->saved_data["biased"] = bias.has_value();
    return by_one_dnn(x, weight, bias);
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const Tensor grad = gradients[0].contiguous(), rows = grad.view({-1, grad.size(-1)});
    Gradients found(3);
    if (context->needs_input_grad(0)) found[0] = input_gradient(grad, weight);
    const bool biased = context->saved_data["biased"].toBool() && context->needs_input_grad(2);
    if (context->needs_input_grad(1)) {
      const auto [of_weight, of_bias] = weight_gradient(rows, x.view({-1, x.size(-1)}), biased);
      found[1] = of_weight, found[2] = of_bias;
    } else if (biased) {
      found[2] = rows.sum(0);
    }
    return found;
  }
};

}  // namespace

Tensor linear_map(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  // An autograd function takes no undefined tensor.
  const Maybe given = bias.defined() ? Maybe(bias) : std::nullopt;
  return fits(x, weight) ? LinearFunction::apply(x, weight, given) : at::linear(x, weight, given);
}

}  // namespace millrace::trainer
