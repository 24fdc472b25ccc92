// The documents of a text dataset, by number, independent of the format of its files: the input of
// tokenizers (docs/reference/datasets.md).
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

  /// Number of documents, at least 1. A file of data.format = "text" is one document.
  [[nodiscard]] std::uint64_t count() const { return text_->documents().size(); }
  /// Document i < count(): valid UTF-8, not empty, without the newline that joins it to the next.
  /// Throws std::runtime_error for a damaged index.
  [[nodiscard]] std::string_view document(std::uint64_t i) const;

  [[nodiscard]] std::uint64_t bytes() const { return text_->text().size(); }
  /// content_hash().
  [[nodiscard]] const std::string& hash() const { return hash_; }
  [[nodiscard]] const std::string& name() const { return name_; }    ///< last part of the path
  [[nodiscard]] const std::string& place() const { return place_; }  ///< the path, for messages
  [[nodiscard]] const std::shared_ptr<const IndexedText>& text() const { return text_; }

 private:
  std::shared_ptr<const IndexedText> text_;
  std::string name_;
  std::string place_;
  std::string hash_;
};

/// The hash of a text dataset that goes into a stream's fingerprint: xxh64 in 16 hex digits, of the
/// bytes of a plain text; else of the text and the places where it may be cut.
[[nodiscard]] std::string content_hash(const IndexedText& text, const SourceFiles& sources);

/// Opens the documents of a dataset. Throws as find_sources() and open_text() (source_files.h,
/// open_text.h).
[[nodiscard]] Documents open_documents(const DatasetSpec& spec);
/// The same for the dataset of a recipe; throws config::UsageError where data.path is unset.
[[nodiscard]] Documents open_documents(const config::DataOptions& options);

/// The only dataset of a recipe; options.path must be set.
[[nodiscard]] DatasetSpec spec_of(const config::DataOptions& options);

}  // namespace millrace::datasets
