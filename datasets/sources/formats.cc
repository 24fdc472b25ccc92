// The table of file formats.
#include "datasets/sources/formats.h"

#include "datasets/sources/csv_reader.h"
#include "datasets/sources/jsonl_reader.h"
#include "datasets/sources/whole_reader.h"

namespace millrace::datasets {

std::span<const FileFormat> file_formats() {
  using enum Content;
  using enum DocumentUnit;
  static const std::vector<FileFormat> formats = {
      {"text", {}, kText, kFile, make_whole_reader},
      {"lines", {}, kText, kLine, make_lines_reader},
      {"csv", {".csv"}, kText, kRecord, make_csv_reader},
      {"jsonl", {".jsonl", ".ndjson"}, kText, kRecord, make_jsonl_reader},
      {"text8", {}, kText8, kFile, make_whole_reader},
      {"tokens", {".bin"}, kTokens, kFile, nullptr},
      {"token_folder", {}, kTokenFolder, kFile, nullptr},
  };
  return formats;
}

}  // namespace millrace::datasets
