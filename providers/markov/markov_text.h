// A dataset that is a long text of a MarkovProcess: so that every provider of windows can be
// trained on a source whose entropy is known (data.format = "markov"). Unlike the built-in text
// it has no lines; its windows are stationary blocks.
#pragma once

#include <memory>

#include "datasets/characters/memory_text.h"
#include "datasets/token_text.h"
#include "providers/markov/markov_process.h"

namespace millrace::providers {

// 16 MiB, more than a small model can learn by heart.
inline constexpr std::uint64_t kMarkovTextSymbols = std::uint64_t{1} << 24;

/// The first `symbols` symbols of the one text that the process stands for; shares as of
/// make_memory_text. It does not depend on the data seed. Immutable, so any thread may use it.
[[nodiscard]] std::shared_ptr<const datasets::TokenText> make_markov_text(
    const MarkovProcess& process, datasets::Shares shares,
    std::uint64_t symbols = kMarkovTextSymbols);

/// The letters a, b, c, … of a small alphabet; nothing but the size of one that has more symbols
/// than letters.
[[nodiscard]] datasets::Vocabulary letters(std::uint32_t symbols);

}  // namespace millrace::providers
