// Files that are handed on as one document: the formats `text`, `text8`, and `lines`, whose lines
// the index finds.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// Makes the reader of a file; `place` and `column` are not used.
[[nodiscard]] std::unique_ptr<DocumentReader> make_whole_reader(DocumentSink& sink,
                                                                const std::string& place,
                                                                const std::string& column);
/// The same for `lines`. Refuses a file whose lines end with carriage returns alone.
[[nodiscard]] std::unique_ptr<DocumentReader> make_lines_reader(DocumentSink& sink,
                                                                const std::string& place,
                                                                const std::string& column);

}  // namespace millrace::datasets
