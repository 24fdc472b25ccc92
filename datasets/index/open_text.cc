// Opens files as an indexed text (open_text.h).
#include "datasets/index/open_text.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "base/text.h"
#include "config/errors.h"
#include "datasets/index/index_cache.h"
#include "datasets/index/index_writer.h"
#include "datasets/index/valid_text.h"
#include "datasets/io/byte_source.h"
#include "datasets/io/file_kinds.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Small files may unpack to a large text, whose index belongs on the disk.
constexpr std::uint64_t kMostInMemory = std::uint64_t{64} << 20;

class OutgrowsMemory : public std::runtime_error {
 public:
  OutgrowsMemory() : std::runtime_error("the text is too large for an index in memory") {}
};

std::uint64_t compressed_bytes(const SourceFiles& sources) {
  std::uint64_t bytes = 0;
  for (const SourceFile& each : sources.files) {
    if (compression_of(each.path) != Compression::kNone) bytes += each.bytes;
  }
  return bytes;
}

/// Reads the files of a dataset, one after the other, into an index.
class Reading {
 public:
  /// `in_memory`: the index is made in memory.
  Reading(const SourceFiles& sources, const DatasetSpec& spec, bool in_memory, IndexWriter& writer)
      : sources_(sources),
        column_(spec.column),
        decompressed_(compressed_bytes(sources), spec.max_decompressed),
        in_memory_(in_memory),
        writer_(writer) {}

  void run() {
    for (const SourceFile& each : sources_.files) {
      if (!writer_.is_full()) read(each);
    }
    if (empty_ > 0) {
      spdlog::warn("{}: {} of {} count for nothing", sources_.path.string(),
                   base::counted(empty_, "empty file"),
                   base::counted(sources_.files.size(), "file"));
    }
  }

 private:
  void read(const SourceFile& file) {
    const FileFormat& format = *sources_.format;
    const std::string place = file.path.string();
    const auto bytes = open_bytes(file.path, decompressed_);
    std::string_view piece = bytes->next();
    if (piece.empty() && sources_.is_folder) {
      ++empty_;
      return;
    }
    if (const auto why = not_utf8_text(piece)) throw std::runtime_error(place + ": " + *why);
    const auto reader = format.make_reader(writer_, place, column_);
    ValidText valid(place);
    for (; !piece.empty() && !writer_.is_full(); piece = bytes->next()) {
      bytes_read_ += piece.size();
      if (in_memory_ && bytes_read_ > kMostInMemory) throw OutgrowsMemory();
      check_stop(bytes_read_, place);
      take(piece, valid, *reader);
    }
    if (writer_.is_full()) {
      writer_.end_document();
      return;
    }
    valid.finish();
    reader->finish();
    if (column_.empty()) column_ = reader->column();
  }

  void take(std::string_view piece, ValidText& valid, DocumentReader& reader) const {
    const bool at_start = valid.bytes() == 0;
    std::string_view text = valid.take(piece);
    if (at_start && sources_.format->has_records() && text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    }
    reader.take(text);
  }

  const SourceFiles& sources_;
  std::string column_;  ///< the recipe's, else that of the first file
  DecompressedBytes decompressed_;
  bool in_memory_;
  IndexWriter& writer_;
  std::uint64_t bytes_read_ = 0;
  std::size_t empty_ = 0;
};

TextRules rules_for(const SourceFiles& sources, const DatasetSpec& spec,
                    const std::vector<bool>& allowed) {
  TextRules rules;
  rules.keep_text = !sources.is_in_place() || !allowed.empty();
  rules.lines_are_documents = sources.format->document == DocumentUnit::kLine;
  rules.starts_are_documents = sources.format->has_records();
  rules.skip_missing = spec.skip_missing;
  rules.max_characters = spec.max_characters;
  rules.allowed = allowed;
  return rules;
}

std::string hash_of(const std::vector<bool>& allowed) {
  std::string bits;
  bits.reserve(allowed.size());
  for (const bool each : allowed) bits += each ? '1' : '0';
  return proto::hex16(proto::xxh64(bits));
}

/// Tells this text apart from other texts of the same files; empty for all of a plain text.
std::string variant_of(const SourceFiles& sources, const DatasetSpec& spec,
                       const std::vector<bool>& allowed) {
  std::string variant;
  if (!sources.format->is_plain_text()) {
    variant += "read as " + std::string(sources.format->name) + "\n";
  }
  if (sources.format->has_records()) {
    variant += "column " + spec.column + "\n";
    if (spec.skip_missing) variant += "missing texts left out\n";
  }
  if (spec.max_characters != 0) variant += "first " + std::to_string(spec.max_characters) + "\n";
  if (!allowed.empty()) variant += "allowed " + hash_of(allowed) + "\n";
  return variant;
}

/// The index, in memory where the request says so and the text is not too large.
std::shared_ptr<const IndexedText> on_disk_if_too_large(IndexRequest& request) {
  try {
    return find_or_make_index(request);
  } catch (const OutgrowsMemory&) {
    request.in_memory = false;
    return find_or_make_index(request);
  }
}

}  // namespace

std::shared_ptr<const IndexedText> open_text(const SourceFiles& sources, const DatasetSpec& spec,
                                             const std::vector<bool>& allowed) {
  if (sources.format->holds_tokens()) {
    throw config::UsageError(sources.path.string() +
                             ": token files hold no text; name a text with --data.path=PATH");
  }
  const TextRules rules = rules_for(sources, spec, allowed);
  IndexRequest request;
  request.dataset = sources.path;
  request.is_folder = sources.is_folder;
  request.variant = variant_of(sources, spec, allowed);
  request.source = sources.state() + request.variant;
  request.newest_ns = sources.newest_ns();
  request.has_changed = [&] { return sources.have_changed(); };
  request.cache = spec.cache;
  request.in_memory = spec.cache.empty() && is_small(sources);
  request.only_find = spec.only_find_index;
  if (!rules.keep_text) request.text = sources.path;
  request.make = [&](const IndexPlace& place) {
    IndexWriter writer(place, rules);
    Reading(sources, spec, request.in_memory, writer).run();
    if (writer.missing() > 0) {
      spdlog::warn("{}: {} without a text left out (data.missing)", sources.path.string(),
                   base::counted(writer.missing(), "record"));
    }
    if (writer.characters() == 0) {
      throw std::runtime_error(sources.path.string() +
                               ": the text is empty; name another with --data.path=FILE");
    }
    return writer.finish(request.source);
  };
  const auto text = on_disk_if_too_large(request);
  if (text->documents().empty()) {
    throw std::runtime_error(sources.path.string() + ": it holds no document that is not empty");
  }
  return text;
}

}  // namespace millrace::datasets
