// Attention as an autograd function (fused_attention.h). With S = q·kᵀ/√D, P = softmax(S), M the
// dropout's factors, O = (P∘M)·v and g the gradient of O:
//
//     ∂v = (P∘M)ᵀ·g,   ∂P = M∘(g·vᵀ),   ∂S = P∘(∂P − Σ_d g·O)/√D,   ∂q = ∂S·k,   ∂k = ∂Sᵀ·q
//
// since Σ_j P·∂P = Σ_d g·O for each row (FlashAttention, arXiv 2205.14135, section B.2). P is not
// kept: it is recomputed from the logsumexp of its rows.
//
// Test: tests/trainer/nn/fused_attention_test.cc.
#include "trainer/nn/fused_attention.h"

#include <ATen/Parallel.h>

#include <memory>

#include "trainer/nn/cpu_dispatch.h"
#include "trainer/nn/draw_dropout_mask.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using Gradients = torch::autograd::variable_list;

/// Positions. For longer sequences a block's weights do not fit the processor's cache, and
/// LibTorch's kernel, which cuts the keys too, is no slower.
constexpr std::int64_t kLongestSequence = 1024;

const AttentionKernels& kernels() { return cpu_kernels().attention; }

/// [B, heads, L, D] with a contiguous last dimension.
Tensor with_contiguous_rows(const Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

template <class Number>
Rows<Number> rows_of(const Tensor& x, Number* values, std::int64_t sample, std::int64_t head) {
  return {values + sample * x.stride(0) + head * x.stride(1), x.stride(2)};
}
Rows<const float> rows_of(const Tensor& x, std::int64_t sample, std::int64_t head) {
  return rows_of(x, x.const_data_ptr<float>(), sample, head);
}

/// Calls use(sample, head, shape, scratch memory) for every head of q, in parallel.
template <class Use>
void each_head(const Tensor& q, const DropoutMask& mask, bool causal, const Use& use) {
  const std::int64_t heads = q.size(1), length = q.size(2), size = q.size(3);
  at::parallel_for(0, q.size(0) * heads, 1, [&](std::int64_t begin, std::int64_t end) {
    const auto scratch = std::make_unique_for_overwrite<float[]>(
        static_cast<std::size_t>(kernels().scratch(length, size)));
    for (std::int64_t i = begin; i < end; ++i) {
      use(i / heads, i % heads, AttentionShape{length, size, causal, mask, i}, scratch.get());
    }
  });
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& given_q, const Tensor& given_k,
                        const Tensor& given_v, double drop, bool causal) {
    const Tensor q = with_contiguous_rows(given_q), k = with_contiguous_rows(given_k),
                 v = with_contiguous_rows(given_v);
    const std::int64_t samples = q.size(0), heads = q.size(1), length = q.size(2), size = q.size(3);
    const Tensor out = torch::empty_strided(
        q.sizes(), {length * heads * size, size, heads * size, 1}, q.options());
    const Tensor logsumexp = torch::empty({samples, heads, length}, q.options());
    each_head(
        q, draw_dropout_mask(*context, drop), causal,
        [&](std::int64_t sample, std::int64_t head, const AttentionShape& shape, float* scratch) {
          kernels().forward(
              shape, {rows_of(q, sample, head), rows_of(k, sample, head), rows_of(v, sample, head)},
              rows_of(out, out.mutable_data_ptr<float>(), sample, head),
              logsumexp.mutable_data_ptr<float>() + shape.head * length, scratch);
        });
    context->save_for_backward({q, k, v, out, logsumexp});
    context->saved_data["causal"] = causal;
    return out;
  }
  static Gradients backward(AutogradContext* context, const Gradients& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3],
                 &logsumexp = saved[4];
    const Tensor grad = with_contiguous_rows(gradients[0]);
    const Gradients found{torch::empty(q.sizes(), q.options()),
                          torch::empty(q.sizes(), q.options()),
                          torch::empty(q.sizes(), q.options())};
    each_head(
        q, saved_dropout_mask(*context), context->saved_data["causal"].toBool(),
        [&](std::int64_t sample, std::int64_t head, const AttentionShape& shape, float* scratch) {
          const auto to = [&](std::size_t i) {
            return found[i].mutable_data_ptr<float>() + shape.head * shape.length * shape.size;
          };
          kernels().backward(
              shape, {rows_of(q, sample, head), rows_of(k, sample, head), rows_of(v, sample, head)},
              rows_of(out, sample, head),
              logsumexp.const_data_ptr<float>() + shape.head * shape.length,
              rows_of(grad, sample, head), to(0), to(1), to(2), scratch);
        });
    return {found[0], found[1], found[2], {}, {}};
  }
};

}  // namespace

bool fits_fused_attention(const Tensor& q, const Tensor& k) {
  return q.is_cpu() && q.scalar_type() == torch::kFloat32 && q.numel() > 0 &&
         q.size(2) == k.size(2) && q.size(2) <= kLongestSequence &&
         q.size(3) % cpu_kernels().lanes == 0;
}

Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                       const AttentionSettings& settings) {
  return AttentionFunction::apply(q, k, v, settings.dropout, settings.causal);
}

}  // namespace millrace::trainer
