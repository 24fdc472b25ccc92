// The opened datasets of a stream: a TokenText for each, and one vocabulary for all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/token_text.h"

namespace millrace::datasets {

/// One opened dataset.
struct Dataset {
  std::string name;
  std::shared_ptr<const TokenText> text;
};

/// All opened datasets of a stream.
struct Datasets {
  std::string name;       ///< for people: the name of a single dataset, or all names joined by "+"
  std::string hash;       ///< of everything that decides a token: StreamMeta::dataset_hash
  Vocabulary vocabulary;  ///< the same for all parts
  std::vector<Dataset> parts;
};

}  // namespace millrace::datasets
