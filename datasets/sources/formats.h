// The file formats of datasets (data.format): a table with one entry for each.
// docs/how-to/add_a_dataset_format.md says how to add one; docs/reference/datasets.md describes
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/sources/document_reader.h"

namespace millrace::datasets {

/// The content of a dataset.
enum class Content : std::uint8_t {
  kText,
  kText8,        ///< a file of text with 27 symbols, cut into splits at 90 % and 95 %
  kTokens,       ///< a file of token ids
  kTokenFolder,  ///< a folder of such files, by split
};

/// The unit that is one document of a text.
enum class DocumentUnit : std::uint8_t {
  kFile,    ///< a file; the text is the file's bytes
  kLine,    ///< a line that is not empty; the text is the file's bytes
  kRecord,  ///< what the reader puts into its sink; the text is these, joined
};

/// Makes the reader of a file. `place`: the file, for messages. `column`: data.column.
using MakeReader = std::unique_ptr<DocumentReader> (*)(DocumentSink& sink, const std::string& place,
                                                       const std::string& column);

/// One file format.
struct FileFormat {
  std::string_view name;  ///< in data.format
  /// Endings of file names that data.format = "auto" takes for this format, before .gz or .zst.
  std::vector<std::string_view> endings;
  Content content = Content::kText;
  DocumentUnit document = DocumentUnit::kFile;
  MakeReader make_reader = nullptr;  ///< nullptr for token ids

  [[nodiscard]] bool holds_tokens() const {
    return content == Content::kTokens || content == Content::kTokenFolder;
  }
  /// Whether documents are records, which begin where the reader says.
  [[nodiscard]] bool has_records() const { return document == DocumentUnit::kRecord; }
  /// Whether a file is one text, which may be cut between any two characters.
  [[nodiscard]] bool is_plain_text() const {
    return content == Content::kText && document == DocumentUnit::kFile;
  }
};

/// All formats. The first one is used for files with an unknown ending.
[[nodiscard]] std::span<const FileFormat> file_formats();

}  // namespace millrace::datasets
