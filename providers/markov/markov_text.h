// A dataset with known entropy: one long text of a MarkovProcess (data.format = "markov"), for
// every provider that cuts windows out of a text. Unlike the built-in text it has no lines; its
// windows are stationary blocks.
#pragma once

#include <memory>

#include "datasets/characters/memory_text.h"
#include "datasets/token_text.h"
#include "providers/markov/markov_process.h"

namespace millrace::providers {

/// 16 MiB: more than a small model can memorise.
inline constexpr std::uint64_t kMarkovTextSymbols = std::uint64_t{1} << 24;

/// The first `symbols` symbols of the process's text, which does not depend on the data seed. val
/// and test are the last shares of it, as for make_memory_text(). Immutable, so any thread may use
/// it.
[[nodiscard]] std::shared_ptr<const datasets::TokenText> make_markov_text(
    const MarkovProcess& process, datasets::Shares shares,
    std::uint64_t symbols = kMarkovTextSymbols);

/// A vocabulary of the letters a, b, c, …; for more than 26 symbols its size alone, without texts.
[[nodiscard]] datasets::Vocabulary letters(std::uint32_t symbols);

}  // namespace millrace::providers
