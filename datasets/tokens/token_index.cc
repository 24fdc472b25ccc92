// Scanning token files, and encoding texts.
#include "datasets/tokens/token_index.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "config/app/progress.h"
#include "datasets/bpe/bpe_encoder.h"
#include "datasets/index/index_cache.h"
#include "datasets/index/open_text.h"
#include "datasets/io/fixed_point.h"
#include "datasets/tokens/token_file.h"
#include "datasets/tokens/token_file_checks.h"
#include "datasets/tokens/token_index_writer.h"

namespace millrace::datasets {
namespace {

using proto::WireType;

constexpr std::size_t kScannedAtOnce = std::size_t{1} << 16;

/// The rules of a token file: documents begin behind `end_of_text`.
StartRules behind(std::optional<std::uint32_t> end_of_text) {
  if (!end_of_text) return {};
  std::vector<bool> marks(*end_of_text + 1);
  marks[*end_of_text] = true;
  return {marks, marks};
}

GrowingFile scan(const SourceFile& file, WireType width, std::optional<std::uint32_t> end_of_text,
                 const std::string& source, const IndexPlace& place) {
  const TokenFile tokens(file.path, width);
  TokenIndexWriter writer(place, width, false, behind(end_of_text));
  if (end_of_text) writer.start();
  std::vector<std::uint32_t> ids;
  for (std::uint64_t first = 0; first < tokens.size(); first += ids.size()) {
    check_stop(first * proto::width(width), file.path.string());
    ids.resize(std::min<std::uint64_t>(kScannedAtOnce, tokens.size() - first));
    tokens.read(first, std::span(ids));
    writer.take(ids);
  }
  return writer.finish(source);
}

/// The rules of an encoded text: lines begin behind tokens that end with a newline, and behind
/// <|endoftext|>; but not with a token that starts with a newline, nor with <|endoftext|>.
StartRules line_rules(const ByteLevelBpe& bpe) {
  StartRules rules{std::vector<bool>(bpe.vocab_size()), std::vector<bool>(bpe.vocab_size())};
  for (std::uint32_t id = 0; id < bpe.vocab_size(); ++id) {
    const bool separates = id == bpe.end_of_text();
    rules.ends[id] = separates || bpe.bytes(id).ends_with('\n');
    rules.blank[id] = separates || bpe.bytes(id).starts_with('\n');
  }
  return rules;
}

/// Encodes a text, split by split, document by document.
class TextEncoding {
 public:
  TextEncoding(const IndexedText& text, const SourceFiles& sources, const ByteLevelBpe& bpe,
               const IndexPlace& place)
      : text_(text),
        place_(sources.path.string()),
        encoder_(bpe),
        end_of_text_(bpe.end_of_text()),
        newline_(end_of_text_ ? std::vector<std::uint32_t>() : bpe.encode("\n")),
        writer_(place, token_width(bpe.vocab_size()), true,
                sources.format->has_records() ? StartRules() : line_rules(bpe)) {}

  [[nodiscard]] GrowingFile run(const Cuts& cuts, const std::string& source) {
    std::array<std::uint64_t, proto::kSplitCount> ends{};
    for (const proto::Split split : proto::kSplits) {
      encode_part(text_.byte_of(cuts.first(split)), text_.byte_of(cuts.last(split)));
      ends[static_cast<std::size_t>(split)] = writer_.tokens();
    }
    writer_.set_cuts(ends[0], ends[1]);
    return writer_.finish(source);
  }

 private:
  void encode_part(std::uint64_t first, std::uint64_t end) {
    const auto documents = text_.documents();
    auto at = std::ranges::upper_bound(documents, first, {}, &DocumentSpan::end_byte);
    for (; at != documents.end() && at->first_byte < end; ++at) {
      const std::uint64_t from = std::max(first, at->first_byte);
      const std::uint64_t to = std::min(end, at->end_byte);
      const bool is_last = at + 1 == documents.end() || (at + 1)->first_byte >= end;
      encode(text_.text().substr(from, to - from), is_last);
    }
  }

  void encode(std::string_view document, bool is_last) {
    writer_.start();
    encoder_.encode(document, Specials::kAsText, [this](std::span<const std::uint32_t> ids) {
      check_stop(writer_.tokens(), place_);
      writer_.take(ids);
      progress_.update(
          [this] { return place_ + ": " + std::to_string(writer_.tokens()) + " tokens"; });
    });
    if (end_of_text_) writer_.take(std::span(&*end_of_text_, 1));
    if (!end_of_text_ && !is_last && !document.ends_with('\n')) writer_.take(newline_);
  }

  const IndexedText& text_;
  std::string place_;
  BpeEncoder encoder_;
  std::optional<std::uint32_t> end_of_text_;
  std::vector<std::uint32_t> newline_;  ///< separates documents if there is no end_of_text_
  TokenIndexWriter writer_;
  config::Progress progress_;
};

}  // namespace

TokenRun open_token_run(const SourceFile& file, WireType width, bool width_is_known,
                        std::optional<std::uint32_t> end_of_text, const DatasetSpec& spec) {
  check_token_file(file.path, width, width_is_known);
  IndexRequest request;
  request.dataset = file.path;
  request.variant = "tokens of " + std::string(proto::to_string(width)) + "\n";
  if (end_of_text) request.variant += "end of text " + std::to_string(*end_of_text) + "\n";
  request.source = state_of(file) + request.variant;
  request.newest_ns = file.newest_ns();
  request.has_changed = [&] { return file.has_changed(); };
  request.cache = spec.cache;
  request.in_memory = spec.cache.empty() && file.bytes <= kSmallBytes;
  request.only_find = spec.only_find_index;
  request.text = file.path;
  request.make = [&](const IndexPlace& place) {
    return scan(file, width, end_of_text, request.source, place);
  };
  return {find_or_make_index(request), width};
}

TokenizedText open_tokenized(const SourceFiles& sources, const DatasetSpec& spec, Shares shares,
                             const ByteLevelBpe& bpe) {
  const std::string cut =
      std::to_string(in_nano(shares.val)) + " " + std::to_string(in_nano(shares.test));
  IndexRequest request;
  request.dataset = sources.path;
  request.is_folder = sources.is_folder;
  request.variant = "tokens by " + bpe.hash() + "\nread as " + std::string(sources.format->name) +
                    "\ncolumn " + spec.column + "\nfirst " + std::to_string(spec.max_characters) +
                    (spec.skip_missing ? "\nmissing texts left out" : "") +
                    "\nval and test, in 1e-9, " + cut + "\n";
  request.source = sources.state() + request.variant;
  request.newest_ns = sources.newest_ns();
  request.has_changed = [&] { return sources.have_changed(); };
  request.cache = spec.cache;
  request.in_memory = spec.cache.empty() && is_small(sources);
  request.only_find = spec.only_find_index;
  request.make = [&](const IndexPlace& place) {
    const auto text = open_text(sources, spec);
    return TextEncoding(*text, sources, bpe, place)
        .run(cut_text(*text, sources, shares), request.source);
  };
  TokenizedText tokenized{{find_or_make_index(request), token_width(bpe.vocab_size())}, {}};
  const IndexHeader& header = tokenized.run.index->header();
  tokenized.cuts = {header.val_first, header.test_first, header.units};
  return tokenized;
}

}  // namespace millrace::datasets
