// The interface of readers of text files: bytes of one file in, documents out. Each format has a
// reader (formats.h lists them).
#pragma once

#include <string_view>

namespace millrace::datasets {

/// Receives the documents of a dataset, one after the other. A document to which nothing is
/// appended does not count.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void begin_document() = 0;
  /// A piece of the document: complete characters, valid UTF-8.
  virtual void append(std::string_view piece) = 0;
  virtual void end_document() = 0;
};

/// Reads one file and puts its documents into a sink. One thread for each reader.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  /// The next piece of the file: complete characters, valid UTF-8, decompressed. Records come
  /// without a byte order mark. Throws std::runtime_error "PLACE: line N …" where the file is not
  /// of the format, or lacks the column.
  virtual void take(std::string_view piece) = 0;
  /// The end of the file. Throws as take().
  virtual void finish() = 0;
};

}  // namespace millrace::datasets
