// CSV files (RFC 4180): a header line that names the columns, then a record for each document.
// Fields are in quotes where they contain commas, quotes (written "") or line ends.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// `place`: the file, for messages. `column`: which column holds the text; may be empty where there
/// is only one. Takes no more memory than the header.
[[nodiscard]] std::unique_ptr<DocumentReader> make_csv_reader(DocumentSink& sink,
                                                              const std::string& place,
                                                              const std::string& column);

}  // namespace millrace::datasets
