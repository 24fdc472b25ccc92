// The loops of gemm_kernels.h, and the matrix products of attention_loops.h and mlp_loops.h: blocks
// of the result stay in registers. Included by one file for each instruction set, which compiles
// them for it; all is in an unnamed namespace, so that the linker never takes one file's code for
// another's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "trainer/kernels/gemm_kernels.h"

namespace millrace::trainer {
namespace {

#if defined(__AVX512F__)
constexpr std::int64_t kLanes = 16, kBlockRows = 8;
#elif defined(__AVX2__)
constexpr std::int64_t kLanes = 8, kBlockRows = 6;
#else
constexpr std::int64_t kLanes = 4, kBlockRows = 6;
#endif
constexpr std::int64_t kBlockVectors = 2;
constexpr std::int64_t kBlockColumns = kBlockVectors * kLanes;

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using LooseVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(alignof(float)), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const LooseVector*>(from); }
inline void store(float* to, const Vector& values) { *reinterpret_cast<LooseVector*>(to) = values; }

/// Rounded up to whole vectors.
inline std::int64_t whole_vectors(std::int64_t numbers) {
  return (numbers + kLanes - 1) / kLanes * kLanes;
}

/// A matrix with element (i, j) at values[i·row + j·column].
struct Strided {
  const float* values;
  std::int64_t row, column;

  void go_down(std::int64_t rows) { values += rows * row; }
  template <class Use>
  void each_part(std::int64_t inner, const Use& use) const {
    use(*this, inner);
  }
};

/// c = a·b, or c += a·b if `add`: a [kRows, inner], b [inner, kVectors·kLanes]. The sums stay in
/// registers. `a.each_part` yields the columns of `a` in strided parts, from left to right.
template <std::int64_t kRows, std::int64_t kVectors, class Matrix>
inline void multiply_block(const Matrix& a, Rows<const float> b, std::int64_t inner, Rows<float> c,
                           bool add) {
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < kVectors; ++j) {
      sums[i][j] = add ? load(c[i] + j * kLanes) : Vector{};
    }
  a.each_part(inner, [&](const Strided& part, std::int64_t columns) {
    for (std::int64_t k = 0; k < columns; ++k, b.values += b.stride) {
      Vector across[kVectors];
#pragma GCC unroll 4
      for (std::int64_t j = 0; j < kVectors; ++j) across[j] = load(b.values + j * kLanes);
#pragma GCC unroll 16
      for (std::int64_t i = 0; i < kRows; ++i) {
        const float factor = part.values[i * part.row + k * part.column];
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < kVectors; ++j) sums[i][j] += factor * across[j];
      }
    }
  });
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < kVectors; ++j) {
      store(c[i] + j * kLanes, sums[i][j]);
    }
}

/// The same for any number of rows, in blocks of kBlockRows, 4 and 1.
template <std::int64_t kVectors, class Matrix>
void multiply_columns(Matrix a, const Rows<const float>& b, std::int64_t rows, std::int64_t inner,
                      Rows<float> c, bool add) {
  const auto by_blocks_of = [&]<std::int64_t kRows>(std::integral_constant<std::int64_t, kRows>) {
    for (; rows >= kRows; rows -= kRows, a.go_down(kRows), c.values += kRows * c.stride) {
      multiply_block<kRows, kVectors>(a, b, inner, c, add);
    }
  };
  by_blocks_of(std::integral_constant<std::int64_t, kBlockRows>());
  by_blocks_of(std::integral_constant<std::int64_t, 4>());
  by_blocks_of(std::integral_constant<std::int64_t, 1>());
}

/// c = a·b, or c += a·b if `add`: a [rows, inner], b [inner, columns], columns a multiple of
/// kLanes.
inline void multiply(const Strided& a, Rows<const float> b, std::int64_t rows, std::int64_t inner,
                     std::int64_t columns, Rows<float> c, bool add) {
  for (; columns >= kBlockColumns;
       columns -= kBlockColumns, b.values += kBlockColumns, c.values += kBlockColumns) {
    multiply_columns<kBlockVectors>(a, b, rows, inner, c, add);
  }
  for (; columns > 0; columns -= kLanes, b.values += kLanes, c.values += kLanes) {
    multiply_columns<1>(a, b, rows, inner, c, add);
  }
}

/// Rows of g and x that are added up at a time, so that a block of x's columns stays in the
/// first-level cache and all columns of g in the second.
constexpr std::int64_t kRowsAtOnce = 256;

inline std::int64_t gemm_scratch(std::int64_t outputs) {
  return kRowsAtOnce * (outputs + kBlockColumns);
}

/// Copies `from` [rows, columns] to contiguous memory.
inline void gather(const Rows<const float>& from, std::int64_t rows, std::int64_t columns,
                   float* to) {
  for (std::int64_t k = 0; k < rows; ++k, to += columns) {
    for (std::int64_t i = 0; i < columns; ++i) {
      to[i] = from[k][i];
    }
  }
}

/// Adds the rows of contiguous `from` [rows, columns] to `sums` [columns].
inline void add_rows(const float* from, std::int64_t rows, std::int64_t columns, float* sums) {
  for (std::int64_t k = 0; k < rows; ++k, from += columns) {
    for (std::int64_t i = 0; i < columns; ++i) {
      sums[i] += from[i];
    }
  }
}

inline void gemm_tn(const GemmTN& p, float* scratch) {
  float *const blocks = scratch, *const panel = scratch + kRowsAtOnce * p.outputs;
  if (p.sums != nullptr) std::fill(p.sums, p.sums + p.outputs, 0.0F);
  for (std::int64_t first = 0; first < p.rows; first += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, p.rows - first);
    const auto width = [&](std::int64_t o) { return std::min(kBlockRows, p.outputs - o); };
    for (std::int64_t o = 0; o < p.outputs; o += kBlockRows) {
      gather({p.g[first] + o, p.g.stride}, rows, width(o), blocks + o * rows);
      if (p.sums != nullptr) add_rows(blocks + o * rows, rows, width(o), p.sums + o);
    }
    for (std::int64_t i = 0; i < p.inputs; i += kBlockColumns) {
      const std::int64_t columns = std::min(kBlockColumns, p.inputs - i);
      gather({p.x[first] + i, p.x.stride}, rows, columns, panel);
      for (std::int64_t o = 0; o < p.outputs; o += kBlockRows) {
        multiply({blocks + o * rows, 1, width(o)}, {panel, columns}, width(o), rows, columns,
                 {p.out + o * p.inputs + i, p.inputs}, first > 0);
      }
    }
  }
}

constexpr GemmKernels gemm_kernels() { return {kBlockRows, gemm_scratch, gemm_tn}; }

}  // namespace
}  // namespace millrace::trainer
