// JSON Lines files: an object on each line, a document for each object.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// `place`: the file, for messages. `key`: which key holds the text; keys of nested objects do not
/// count. Takes memory for the longest line.
[[nodiscard]] std::unique_ptr<DocumentReader> make_jsonl_reader(DocumentSink& sink,
                                                                const std::string& place,
                                                                const std::string& key);

}  // namespace millrace::datasets
