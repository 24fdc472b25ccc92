// Readers of files that hold documents: their whole text, a column of CSV, a key of JSON Lines.
//
// A reader is fed with pieces of valid UTF-8 (whole characters) and puts documents into a sink. One
// thread per reader.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "datasets/sources/document_sink.h"

namespace millrace::datasets {

class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  /// Throws std::runtime_error "PLACE: line N …" for what is not the format, or lacks the column.
  virtual void take(std::string_view piece) = 0;
  /// The file ends here.
  virtual void finish() = 0;
};

/// The whole file as one document.
[[nodiscard]] std::unique_ptr<DocumentReader> make_whole_reader(DocumentSink& sink);

/// RFC 4180: a header line, fields in quotes where they hold commas, quotes ("") or line ends.
/// `column` may be empty where there is one column. Takes no more memory than the header.
[[nodiscard]] std::unique_ptr<DocumentReader> make_csv_reader(DocumentSink& sink, std::string place,
                                                              std::string column);

/// One JSON object a line; `key` is one of its own, not of objects in it. Takes memory for the
/// longest line.
[[nodiscard]] std::unique_ptr<DocumentReader> make_jsonl_reader(DocumentSink& sink,
                                                                std::string place, std::string key);

}  // namespace millrace::datasets
