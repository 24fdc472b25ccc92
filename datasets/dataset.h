// The datasets of a recipe, opened: each a TokenText, all with one vocabulary.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/token_text.h"

namespace millrace::datasets {

struct Dataset {
  std::string name;
  std::shared_ptr<const TokenText> text;
};

struct Datasets {
  std::string name;       ///< for people: of the one dataset, or all names joined by "+"
  std::string hash;       ///< of all that decides a token: StreamMeta::dataset_hash
  Vocabulary vocabulary;  ///< of all of them
  std::vector<Dataset> parts;
};

}  // namespace millrace::datasets
