// JSON Lines files: an object on each line, a document for each object.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// Makes the reader of a JSON Lines file. `place`: the file, for messages. `key`: the key of the
/// outermost object that holds the text. Keeps one line in memory.
[[nodiscard]] std::unique_ptr<DocumentReader> make_jsonl_reader(DocumentSink& sink,
                                                                const std::string& place,
                                                                const std::string& key);

}  // namespace millrace::datasets
