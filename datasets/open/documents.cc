// Documents of an indexed text, and the hash of a text dataset (documents.h).
#include "datasets/open/documents.h"

#include "config/errors.h"
#include "datasets/index/open_text.h"
#include "proto/digest.h"

namespace millrace::datasets {

Documents::Documents(std::shared_ptr<const IndexedText> text, const SourceFiles& sources)
    : text_(std::move(text)),
      name_(sources.name),
      place_(sources.path.string()),
      hash_(content_hash(*text_, sources)) {}

std::string_view Documents::document(std::uint64_t i) const {
  const DocumentSpan span = text_->documents()[i];
  if (span.first_byte >= span.end_byte || span.end_byte > text_->text().size()) {
    refuse_damaged_index(place_);
  }
  return text_->text().substr(span.first_byte, span.end_byte - span.first_byte);
}

std::string content_hash(const IndexedText& text, const SourceFiles& sources) {
  const std::string plain = proto::hex16(text.header().text_hash);
  if (sources.format->content == Content::kText8) {
    return proto::hex16(proto::xxh64("text8 " + plain));
  }
  if (sources.format->is_plain_text() && !sources.is_folder) return plain;
  return proto::hex16(
      proto::xxh64("documents " + plain + " " + proto::hex16(text.header().structure_hash)));
}

Documents open_documents(const DatasetSpec& spec) {
  const SourceFiles sources = find_sources(spec);
  return {open_text(sources, spec), sources};
}

Documents open_documents(const config::DataOptions& options) {
  if (!options.path) {
    throw config::UsageError("data.path names no dataset; name one with --data.path=PATH");
  }
  return open_documents(spec_of(options));
}

DatasetSpec spec_of(const config::DataOptions& options) {
  return {.path = options.path.value_or(""),
          .format = options.format,
          .column = options.column,
          .cache = options.cache,
          .skip_missing = options.missing == "skip",
          .max_decompressed = options.max_decompressed_bytes};
}

}  // namespace millrace::datasets
