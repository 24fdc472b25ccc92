// From files to an indexed text.
#include "datasets/index/open_text.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "config/errors.h"
#include "datasets/index/index_cache.h"
#include "datasets/index/index_writer.h"
#include "datasets/index/valid_text.h"
#include "datasets/io/byte_source.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void read_file(const SourceFile& file, const FileFormat& format, const std::string& column,
               IndexWriter& writer) {
  const std::string place = file.path.string();
  const auto bytes = open_bytes(file.path);
  const auto reader = format.make_reader(writer, place, column);
  ValidText valid(place);
  for (std::string_view piece = bytes->next(); !piece.empty() && !writer.is_full();
       piece = bytes->next()) {
    const bool at_start = valid.bytes() == 0;
    std::string_view text = valid.take(piece);
    if (at_start && format.has_records() && text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    }
    reader->take(text);
  }
  if (writer.is_full()) {
    writer.end_document();
    return;
  }
  valid.finish();
  reader->finish();
}

TextRules rules_for(const SourceFiles& sources, const DatasetSpec& spec,
                    const std::vector<bool>& allowed) {
  TextRules rules;
  rules.keep_text = !sources.is_in_place() || !allowed.empty();
  rules.lines_are_documents = sources.format->document == DocumentUnit::kLine;
  rules.starts_are_documents = sources.format->has_records();
  rules.max_characters = spec.max_characters;
  rules.allowed = allowed;
  return rules;
}

/// Waits until the newest file is old enough: a file system's clock may tick so rarely that a file
/// which has just been written could change and keep its time.
void let_the_clock_tick(const SourceFiles& sources) {
  constexpr std::int64_t kTickNs = 20'000'000;
  std::int64_t newest = 0;
  for (const SourceFile& each : sources.files) newest = std::max(newest, each.written_ns);
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  if (now >= newest && now - newest < kTickNs) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(kTickNs - (now - newest)));
  }
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
  }
  if (spec.max_characters != 0) variant += "first " + std::to_string(spec.max_characters) + "\n";
  if (!allowed.empty()) variant += "allowed " + hash_of(allowed) + "\n";
  return variant;
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
  request.cache = spec.cache;
  request.in_memory = spec.cache.empty() && is_small(sources);
  if (!rules.keep_text) request.text = sources.path;
  request.make = [&](const IndexPlace& place) {
    let_the_clock_tick(sources);
    IndexWriter writer(place, rules);
    for (const SourceFile& each : sources.files) {
      if (!writer.is_full()) read_file(each, *sources.format, spec.column, writer);
    }
    if (sources.have_changed()) {
      throw std::runtime_error(sources.path.string() +
                               ": it changed while it was read; start again when it is complete");
    }
    if (writer.characters() == 0) {
      throw std::runtime_error(sources.path.string() +
                               ": the text is empty; name another with --data.path=FILE");
    }
    return writer.finish(request.source);
  };
  auto text = find_or_make_index(request);
  if (text->documents().empty()) {
    throw std::runtime_error(sources.path.string() + ": it holds no document that is not empty");
  }
  return text;
}

}  // namespace millrace::datasets
