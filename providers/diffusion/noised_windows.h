// What the providers of diffusion over windows of a dataset share: the clean tokens, a time, and
// the tokens noised to that time.
//
//   x   input   [block_size]   x_t: the tokens after the noise of time t
//   y   target  [block_size]   x_0: the clean tokens, at every position
//   t   time    []             the time of x
//
// docs/reference/noise.md defines every byte. A provider says how times are drawn and how much
// noise they mean; the rest is here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "config/options.h"
#include "proto/schema.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Where a token that moves goes.
enum class Graph : std::uint8_t {
  kAbsorb,   ///< to [MASK], one more state, the last
  kUniform,  ///< to any token, uniformly; there is no [MASK]
};

/// How the samples of a provider are noised. Immutable, so any thread may use one.
class Diffusion {
 public:
  virtual ~Diffusion() = default;

  /// The provider's name, and the version of its bytes.
  [[nodiscard]] virtual std::string provider() const = 0;
  [[nodiscard]] virtual std::uint32_t format_version() const = 0;
  /// For people: the one stage of the meta.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Graph graph() const = 0;

  /// The field t: its types.
  [[nodiscard]] virtual proto::Field time_field() const = 0;
  /// Draws the time of a sample, writes it to `t` (one value of the field) and returns its move
  /// threshold: each token moves where a random word of 32 bits is below it, from 0 to 2^32.
  [[nodiscard]] virtual std::uint64_t draw_time(proto::Split split, std::uint64_t index,
                                                std::span<std::byte> t) const = 0;
};

/// Opens the recipe's datasets. Throws std::runtime_error for a dataset that cannot be used
/// (providers/windows/open_datasets.h, providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_noised_windows(
    const config::Options& options, std::unique_ptr<const Diffusion> diffusion);

}  // namespace millrace::providers
