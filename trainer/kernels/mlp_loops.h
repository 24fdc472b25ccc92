// The loops of mlp_kernels.h. Included by one file for each instruction set, which compiles them
// for it; all is in an unnamed namespace, so that the linker never takes one file's code for
// another's.
//
// The hidden columns are processed in groups of panels. Forwards: a group of W₁·x, its gelu, and
// its contribution to y. Backwards: a group's gradients, and their contributions to the gradients
// of x and of the weights.
#pragma once

#include <algorithm>
#include <cstdint>

#include "trainer/kernels/gemm_loops.h"
#include "trainer/kernels/mlp_kernels.h"
#include "trainer/kernels/pointwise_loops.h"

namespace millrace::trainer {
namespace {

constexpr std::int64_t kPanel = kBlockColumns;
constexpr std::int64_t kMlpRows = 16 * kBlockRows;
// Panels of a group: with their gradients, kMlpRows rows of them take 256 KiB.
constexpr std::int64_t kGroup = 256 / kPanel;

/// Consecutive panels of the hidden columns.
struct Group {
  std::int64_t first, panels;  ///< the first column; the number of panels
};

template <class Use>
void each_group(const MlpShape& shape, const Use& use) {
  for (std::int64_t first = 0; first < shape.hidden; first += kGroup * kPanel) {
    use(Group{first, std::min(kGroup, (shape.hidden - first) / kPanel)});
  }
}

/// A matrix [rows, …] in panels.
struct InPanels {
  const float* values;
  std::int64_t rows;

  void go_down(std::int64_t by) { values += by * kPanel; }
  template <class Use>
  void each_part(std::int64_t inner, const Use& use) const {
    const float* panel = values;
    for (; inner > 0; inner -= kPanel, panel += rows * kPanel) {
      use(Strided{panel, kPanel, 1}, kPanel);
    }
  }
};

/// c = a·b for one group of the columns of b [width, hidden]; both b and c in panels.
inline void multiply_to_panels(const Rows<const float>& a, Panels b, const MlpShape& shape,
                               const Group& group, float* c) {
  for (std::int64_t i = 0; i < group.panels; ++i) {
    multiply_columns<kBlockVectors>(
        Strided{a.values, a.stride, 1}, {b + (group.first + i * kPanel) * shape.width, kPanel},
        shape.rows, shape.width, {c + i * shape.rows * kPanel, kPanel}, false);
  }
}

/// c = a·b, or c += a·b if `add`, for one group of the columns of a [rows, hidden] and the same
/// rows of b [hidden, width]; both a and b in panels.
inline void multiply_panels(const float* a, Panels b, const MlpShape& shape, const Group& group,
                            float* c, bool add) {
  for (std::int64_t column = 0; column < shape.width; column += kPanel) {
    multiply_columns<kBlockVectors>(
        InPanels{a, shape.rows}, {b + column * shape.hidden + group.first * kPanel, kPanel},
        shape.rows, group.panels * kPanel, {c + column, shape.width}, add);
  }
}

inline std::int64_t mlp_scratch(const MlpShape& shape) {
  return 2 * shape.rows * (kGroup * kPanel + shape.width);
}

template <Gelu (*kGelu)(float)>
inline void gelu_of_panels(const float* sums, const float* bias, std::int64_t rows,
                           std::int64_t panels, float* out) {
  for (std::int64_t i = 0; i < panels; ++i, bias += kPanel) {
    for (std::int64_t row = 0; row < rows; ++row, sums += kPanel, out += kPanel) {
      for (std::int64_t j = 0; j < kPanel; ++j) {
        out[j] = kGelu(sums[j] + bias[j]).value;
      }
    }
  }
}

inline void mlp_forward(const MlpShape& shape, const MlpForward& mlp, float* scratch) {
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    std::copy_n(mlp.second_bias, shape.width, mlp.y + row * shape.width);
  }
  each_group(shape, [&](const Group& group) {
    float* const sums = mlp.between == nullptr ? scratch : mlp.between + group.first * shape.rows;
    multiply_to_panels({mlp.x, shape.width}, mlp.first_transposed, shape, group, sums);
    const auto activate =
        shape.with_tanh ? gelu_of_panels<gelu_with_tanh> : gelu_of_panels<exact_gelu>;
    activate(sums, mlp.first_bias + group.first, shape.rows, group.panels, scratch);
    multiply_panels(scratch, mlp.second_transposed, shape, group, mlp.y, true);
  });
}

/// The backward pass through gelu: `value` gets gelu(sums + bias), `grad` goes from the gradient of
/// the value to that of the sums, and its column sums are added to `bias_sums`.
template <Gelu (*kGelu)(float)>
inline void gelu_of_panels_backward(const float* sums, const float* bias, std::int64_t rows,
                                    std::int64_t panels, float* value, float* grad,
                                    float* bias_sums) {
  for (std::int64_t i = 0; i < panels; ++i, bias += kPanel, bias_sums += kPanel) {
    float added[kPanel] = {};
    for (std::int64_t row = 0; row < rows; ++row, sums += kPanel, value += kPanel, grad += kPanel) {
      for (std::int64_t j = 0; j < kPanel; ++j) {
        const Gelu found = kGelu(sums[j] + bias[j]);
        value[j] = found.value;
        grad[j] *= found.slope;
        added[j] += grad[j];
      }
    }
    for (std::int64_t j = 0; j < kPanel; ++j) {
      bias_sums[j] += added[j];
    }
  }
}

inline void mlp_backward(const MlpShape& shape, const MlpBackward& mlp, float* scratch) {
  const std::int64_t rows = shape.rows, width = shape.width;
  float *const values = scratch, *const grads = values + rows * kGroup * kPanel;
  float *const x_panels = grads + rows * kGroup * kPanel, *const grad_blocks =
                                                              x_panels + rows * width;
  const auto block_width = [&](std::int64_t column) {
    return std::min(kBlockRows, width - column);
  };
  for (std::int64_t i = 0; i < width; i += kPanel) {
    gather({mlp.x + i, width}, rows, kPanel, x_panels + i * rows);
  }
  for (std::int64_t o = 0; o < width; o += kBlockRows) {
    gather({mlp.grad + o, width}, rows, block_width(o), grad_blocks + o * rows);
  }
  add_rows(mlp.grad, rows, width, mlp.grad_second_bias);
  each_group(shape, [&](const Group& group) {
    multiply_to_panels({mlp.grad, width}, mlp.second, shape, group, grads);
    const auto activate = shape.with_tanh ? gelu_of_panels_backward<gelu_with_tanh>
                                          : gelu_of_panels_backward<exact_gelu>;
    activate(mlp.between + group.first * rows, mlp.first_bias + group.first, rows, group.panels,
             values, grads, mlp.grad_first_bias + group.first);
    for (std::int64_t i = 0; i < group.panels; ++i) {
      const std::int64_t hidden = group.first + i * kPanel;
      const float *const value = values + i * rows * kPanel, *const grad =
                                                                 grads + i * rows * kPanel;
      for (std::int64_t o = 0; o < width; o += kBlockRows) {
        multiply_columns<kBlockVectors>(
            Strided{grad_blocks + o * rows, 1, block_width(o)}, {value, kPanel}, block_width(o),
            rows, {mlp.grad_second + o * shape.hidden + hidden, shape.hidden}, true);
      }
      for (std::int64_t column = 0; column < width; column += kPanel) {
        multiply_columns<kBlockVectors>(Strided{grad, 1, kPanel},
                                        {x_panels + column * rows, kPanel}, kPanel, rows,
                                        {mlp.grad_first + hidden * width + column, width}, true);
      }
    }
    multiply_panels(grads, mlp.first, shape, group, mlp.grad_x, group.first > 0);
  });
}

constexpr MlpKernels mlp_kernels() {
  return {kPanel, kMlpRows, kBlockRows, mlp_scratch, mlp_forward, mlp_backward};
}

}  // namespace
}  // namespace millrace::trainer
