// CSV files (RFC 4180): a header line that names the columns, then a record for each document.
// Fields are in quotes where they contain commas, quotes (written "") or line ends.
#pragma once

#include <memory>
#include <string>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// Makes the reader of a CSV file. `place`: the file, for messages. `column`: the name of the
/// column that holds the text; may be empty if there is only one. Keeps nothing but the header in
/// memory.
[[nodiscard]] std::unique_ptr<DocumentReader> make_csv_reader(DocumentSink& sink,
                                                              const std::string& place,
                                                              const std::string& column);

}  // namespace millrace::datasets
