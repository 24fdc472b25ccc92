// Documents between two bytes of a text.
#include "tools/tokenize/split_documents.h"

#include <algorithm>

namespace millrace::tools {
namespace {

using datasets::DocumentSpan;

SplitText text_of(proto::Split split, const std::shared_ptr<const datasets::Documents>& documents,
                  std::uint64_t first_byte, std::uint64_t end_byte) {
  const auto spans = documents->text()->documents();
  const auto first = std::ranges::upper_bound(spans, first_byte, {}, &DocumentSpan::end_byte);
  const auto last = std::ranges::lower_bound(spans, end_byte, {}, &DocumentSpan::first_byte);
  const auto document = [documents, first_byte, end_byte,
                         skipped = first - spans.begin()](std::uint64_t i) {
    const std::uint64_t number = static_cast<std::uint64_t>(skipped) + i;
    const std::string_view whole = documents->document(number);
    const std::uint64_t start = documents->text()->documents()[number].first_byte;
    const std::uint64_t from = std::max(start, first_byte) - start;
    const std::uint64_t to = std::min(start + whole.size(), end_byte) - start;
    return whole.substr(from, to - from);
  };
  return {split, static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(0, last - first)),
          end_byte - first_byte, document};
}

}  // namespace

std::vector<SplitText> split_documents(const std::shared_ptr<const datasets::Documents>& documents,
                                       const datasets::Cuts& cuts) {
  std::vector<SplitText> splits;
  for (const proto::Split split : proto::kSplits) {
    const std::uint64_t first = documents->text()->byte_of(cuts.first(split));
    const std::uint64_t end = documents->text()->byte_of(cuts.last(split));
    if (first == end) continue;
    splits.push_back(text_of(split, documents, first, end));
  }
  return splits;
}

}  // namespace millrace::tools
