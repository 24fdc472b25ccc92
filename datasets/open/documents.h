// The documents of a dataset of text, one after the other: what a tokenizer reads. Files, folders,
// lines, CSV and JSON Lines look alike here (docs/reference/datasets.md).
//
// Mapped, so private memory does not grow with them. Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/options.h"
#include "datasets/index/indexed_text.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

class Documents {
 public:
  Documents(std::shared_ptr<const IndexedText> text, const SourceFiles& sources);

  /// At least one. A file of `format = text` is one document.
  [[nodiscard]] std::uint64_t count() const { return text_->documents().size(); }
  /// i < count(). Valid UTF-8, not empty, without what joins it to the next. Throws
  /// std::runtime_error for a damaged index.
  [[nodiscard]] std::string_view document(std::uint64_t i) const;

  [[nodiscard]] std::uint64_t bytes() const { return text_->text().size(); }
  /// xxh64, 16 hex digits: of a plain text its bytes'; of several documents: of their texts and
  /// boundaries.
  [[nodiscard]] const std::string& hash() const { return hash_; }
  [[nodiscard]] const std::string& name() const { return name_; }    ///< the last part of the path
  [[nodiscard]] const std::string& place() const { return place_; }  ///< the path, for messages
  [[nodiscard]] const std::shared_ptr<const IndexedText>& text() const { return text_; }

 private:
  std::shared_ptr<const IndexedText> text_;
  std::string name_;
  std::string place_;
  std::string hash_;
};

/// Of a text and how it is cut: what names a dataset in a stream.
[[nodiscard]] std::string content_hash(const IndexedText& text, Format format, bool is_folder);

/// Throws as find_sources() and open_text() do (source_files.h, open_text.h).
[[nodiscard]] Documents open_documents(const DatasetSpec& spec);
/// Of the dataset that a recipe names; config::UsageError where it names none.
[[nodiscard]] Documents open_documents(const config::DataOptions& options);

/// The one dataset of a recipe; options.path is set.
[[nodiscard]] DatasetSpec spec_of(const config::DataOptions& options);

}  // namespace millrace::datasets
