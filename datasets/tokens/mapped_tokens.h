// Mapped tokens, of token files or of encoded texts, as the tokens of splits.
//
// Immutable, so any thread may use one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/index/splits.h"
#include "datasets/token_text.h"
#include "datasets/tokens/token_index.h"

namespace millrace::datasets {

/// The runs one after the other. `cuts` count tokens of all runs. `place`: the dataset, for
/// messages.
[[nodiscard]] std::shared_ptr<const TokenText> make_mapped_tokens(std::vector<TokenRun> runs,
                                                                  Cuts cuts, Vocabulary vocabulary,
                                                                  std::string hash,
                                                                  std::string place);

}  // namespace millrace::datasets
