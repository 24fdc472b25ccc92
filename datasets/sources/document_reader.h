// The interface of readers of text files: bytes of one file in, documents out. Each format has a
// reader (formats.h lists them).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::datasets {

/// Receives the documents of a dataset, one after the other. A document to which nothing is
/// appended is ignored.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void begin_document() = 0;
  /// A piece of the document: complete characters, valid UTF-8.
  virtual void append(std::string_view piece) = 0;
  virtual void end_document() = 0;
  /// A record has no text; `why` says where, and what it has instead. Throws it as
  /// std::runtime_error, unless such records are to be left out.
  virtual void missing_text(const std::string& why) { throw std::runtime_error(why); }
};

/// Reads one file and puts its documents into a sink. One thread for each reader.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  /// Takes the next piece of the file: complete characters, valid UTF-8, decompressed; for formats
  /// of records without a byte order mark. Throws std::runtime_error "PLACE: line N …" if the file
  /// is not in the format, or lacks the column.
  virtual void take(std::string_view piece) = 0;
  /// The end of the file. Throws as take().
  virtual void finish() = 0;
  /// After finish(): the column that held the texts, for the other files of the folder; empty where
  /// the format has no columns.
  [[nodiscard]] virtual std::string column() const { return {}; }
};

}  // namespace millrace::datasets
