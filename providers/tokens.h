// Provider tokens: tokens and their next tokens, for autoregressive models on token files or
// characters.
//
//   x  input   [block_size]   tokens p … p + block_size − 1 of the split
//   y  target  [block_size]   tokens p + 1 … p + block_size
//
// There is no [MASK]. docs/reference/windows.md defines where sample i begins; each window of
// block_size tokens is read with one more.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens the dataset. Throws as make_char_diffusion does.
[[nodiscard]] std::unique_ptr<DataProvider> make_tokens(const config::Options& options);

}  // namespace millrace::providers
