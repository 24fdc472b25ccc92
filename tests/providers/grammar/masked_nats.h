// What the best masked language model would pay on lines of a grammar: −ln P of the selected
// characters of a window, given all that is shown of it, by forward–backward over a PrefixGraph.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tests/providers/grammar/prefix_graph.h"

namespace millrace::providers {

/// One character of a window.
struct Shown {
  char original = 0;
  std::optional<char> shown;  ///< nothing where it is [MASK]
  bool selected = false;      ///< whether its loss counts
};

/// Default masking (docs/reference/char_diffusion.md): of the selected characters 80 % are masked,
/// 10 % replaced by one of the vocabulary, 10 % left.
struct DefaultMasking {
  double probability = 0.15;  ///< of being selected
  double characters = 0;      ///< of the vocabulary

  /// P(shown | original), of a selected character, and of any.
  [[nodiscard]] double of_selected(std::optional<char> shown, char original) const;
  [[nodiscard]] double of_any(std::optional<char> shown, char original) const;
};

/// In nats, by selected character. The window begins with a line.
[[nodiscard]] std::vector<double> masked_nats(const PrefixGraph& graph,
                                              std::span<const Shown> window,
                                              const DefaultMasking& masking);

}  // namespace millrace::providers
