// The base of the providers of diffusion over windows of a dataset: clean tokens, a time, and the
// tokens noised to that time.
//
//   x   input   [block_size]   x_t: the tokens after the noise of time t
//   y   target  [block_size]   x_0: the clean tokens, at every position
//   t   time    []             the time of x
//
// docs/reference/noise.md defines every byte. A provider defines how times are drawn and how much
// noise they give (the class Diffusion); the rest is here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "config/options.h"
#include "proto/schema.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// The state to which a token moves.
enum class Graph : std::uint8_t {
  kAbsorb,   ///< [MASK], an additional state with the last id
  kUniform,  ///< any token, uniformly; there is no [MASK]
};

/// Times and noise of a provider's samples. Immutable and thread-safe.
class Diffusion {
 public:
  virtual ~Diffusion() = default;

  /// The version of the provider's bytes.
  [[nodiscard]] virtual std::uint32_t format_version() const = 0;
  /// A description for people: the name of the meta's only stage.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Graph graph() const = 0;

  /// The field t of the schema.
  [[nodiscard]] virtual proto::Field time_field() const = 0;
  /// Draws the time of a sample, writes it to `t` (one value of the field) and returns its move
  /// threshold, from 0 to 2^32: a token moves if its random 32-bit word is below it.
  [[nodiscard]] virtual std::uint64_t draw_time(proto::Split split, std::uint64_t index,
                                                std::span<std::byte> t) const = 0;
};

/// Opens the recipe's datasets. Throws config::UsageError for a recipe with a schedule of stages,
/// std::runtime_error for a dataset that cannot be used (providers/windows/open_datasets.h,
/// providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_noised_windows(
    const config::Options& options, std::unique_ptr<const Diffusion> diffusion);

}  // namespace millrace::providers
