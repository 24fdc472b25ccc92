// A TokenText over mapped tokens: those of token files, or of texts that were encoded.
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

/// Makes it of the tokens of all runs, one run after the other, which `cuts` count. `place`: the
/// dataset, for messages.
[[nodiscard]] std::shared_ptr<const TokenText> make_mapped_tokens(std::vector<TokenRun> runs,
                                                                  Cuts cuts, Vocabulary vocabulary,
                                                                  std::string hash,
                                                                  std::string place);

}  // namespace millrace::datasets
