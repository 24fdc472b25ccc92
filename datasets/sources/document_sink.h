// Where readers of files put the documents that they find.
#pragma once

#include <string_view>

namespace millrace::datasets {

class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void begin_document() = 0;
  /// A piece of the document: whole characters, valid UTF-8.
  virtual void append(std::string_view piece) = 0;
  virtual void end_document() = 0;
};

}  // namespace millrace::datasets
