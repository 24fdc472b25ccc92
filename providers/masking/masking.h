// A way to mask: turns the random words of one sample into the set of its selected positions, and
// says how these are corrupted.
//
// Every decision compares integers, or doubles of fixed-order arithmetic (fixed_math.h), so the
// bytes are the same everywhere. docs/reference/char_diffusion.md defines each type exactly;
// providers/masking/stage_types.h lists them, and docs/how-to/add_a_masking_stage.md adds one.
#pragma once

#include <cstdint>
#include <span>

#include "providers/random/philox.h"

namespace millrace::providers {

/// The replacement of a selected token.
enum class Corruption : std::uint8_t {
  kBert,     ///< [MASK] in 80 % of cases, a random token in 10 %, unchanged in 10 %
  kAllMask,  ///< [MASK]
};

/// Immutable and thread-safe.
class Masking {
 public:
  virtual ~Masking() = default;

  /// Writes 1 for each selected position of the sample and 0 for every other. selected.size() is
  /// the block size.
  virtual void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const = 0;

  [[nodiscard]] virtual Corruption corruption() const { return Corruption::kBert; }
};

/// Selects position j if word j of kSelect is below the threshold, which is from 0 (none) to 2^32
/// (all).
void select_below(const PhiloxStream& draws, std::uint64_t threshold,
                  std::span<std::uint8_t> selected);

}  // namespace millrace::providers
