// Ways to mask: each turns the random words of one sample into the set of its selected positions,
// and says what becomes of them.
//
// Every decision compares integers, or doubles of fixed-order arithmetic (fixed_math.h), so the
// bytes are the same everywhere. docs/reference/char_diffusion.md defines each type exactly.
// Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/options.h"
#include "providers/random/philox.h"

namespace millrace::providers {

/// What becomes of the selected positions.
enum class Corruption : std::uint8_t {
  kBert,     ///< 80 % [MASK], 10 % a random token, 10 % unchanged
  kAllMask,  ///< [MASK]
};

class Masking {
 public:
  virtual ~Masking() = default;

  /// Writes 1 for each selected position of the sample and 0 for the others; selected.size() is the
  /// block size.
  virtual void select(const PhiloxStream& draws, std::span<std::uint8_t> selected) const = 0;

  [[nodiscard]] virtual Corruption corruption() const { return Corruption::kBert; }
};

/// The default: each position selected with this probability, independently.
[[nodiscard]] std::unique_ptr<const Masking> make_default_masking(double mask_probability);

/// The masking that `stage` describes. Throws config::UsageError for an unknown type (the message
/// lists the known ones) and for a number out of its range.
[[nodiscard]] std::unique_ptr<const Masking> make_masking(const config::StageOptions& stage);

/// The types that make_masking knows.
[[nodiscard]] std::vector<std::string> known_stage_types();

}  // namespace millrace::providers
