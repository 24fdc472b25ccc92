// Turns pieces of tokens into the sections of an index (token_index_writer.h).
#include "datasets/tokens/token_index_writer.h"

#include <algorithm>
#include <cstddef>

namespace millrace::datasets {
namespace {

bool is_set(const std::vector<bool>& by_id, std::uint32_t id) {
  return id < by_id.size() && by_id[id];
}

}  // namespace

TokenIndexWriter::TokenIndexWriter(const IndexPlace& place, proto::WireType width, bool keep_tokens,
                                   StartRules rules)
    : rules_(std::move(rules)),
      out_(place.index()),
      starts_(place.spill()),
      width_(width),
      keep_tokens_(keep_tokens) {}

void TokenIndexWriter::take(std::span<const std::uint32_t> ids) {
  for (const std::uint32_t id : ids) scan(id);
  std::span<const std::byte> raw = std::as_bytes(ids);
  if (width_ == proto::WireType::kU16) {
    narrow_.resize(ids.size());
    std::ranges::transform(ids, narrow_.begin(),
                           [](std::uint32_t id) { return static_cast<std::uint16_t>(id); });
    raw = std::as_bytes(std::span(narrow_));
  }
  digest_.update(raw);
  if (keep_tokens_) out_.append_text({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

void TokenIndexWriter::scan(std::uint32_t id) {
  if (tokens_ == 0 || id > out_.header.largest_id) {
    out_.header.largest_id = id;
    out_.header.largest_at = tokens_;
  }
  if (at_start_ && !is_set(rules_.blank, id)) {
    starts_.append({reinterpret_cast<const char*>(&tokens_), sizeof tokens_});
    at_start_ = false;
  }
  if (is_set(rules_.ends, id)) at_start_ = true;
  ++tokens_;
}

void TokenIndexWriter::set_cuts(std::uint64_t val_first, std::uint64_t test_first) {
  out_.header.val_first = val_first;
  out_.header.test_first = test_first;
}

GrowingFile TokenIndexWriter::finish(std::string_view source) {
  out_.header.flags |= kOfTokens;
  if (keep_tokens_) {
    out_.header.flags |= kTextInside;
    out_.end_text();
  }
  out_.header.units = tokens_;
  out_.header.text_bytes = tokens_ * proto::width(width_);
  out_.header.text_hash = digest_.value();
  out_.header.source = out_.add(source);
  proto::Digest structure;
  out_.header.starts = out_.add(starts_, &structure);
  out_.header.structure_hash = structure.value();
  return out_.finish();
}

}  // namespace millrace::datasets
