// The example of docs/how-to/add_a_dataset_format.md.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// Files of the program fortune: texts with a line "%" between them.
[[nodiscard]] std::unique_ptr<DocumentReader> make_fortune_reader(DocumentSink& sink,
                                                                  const std::string& place,
                                                                  const std::string& column);

}  // namespace millrace::datasets
