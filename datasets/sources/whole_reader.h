// Files that are one document each: `text`, `text8`, and `lines`, whose lines the index finds.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// `place` and `column` do not count.
[[nodiscard]] std::unique_ptr<DocumentReader> make_whole_reader(DocumentSink& sink,
                                                                const std::string& place,
                                                                const std::string& column);

}  // namespace millrace::datasets
