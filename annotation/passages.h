// Documents as passages: pieces that are scored one by one. A document of up to 16 KiB is one
// passage; a longer one is cut near every 16 KiB: behind an empty line where there is one, else
// behind a line, else at a space.
//
// The cuts of a document depend on the document alone, so all processes agree on them without a
// list. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "datasets/open/documents.h"

namespace millrace::annotation {

inline constexpr std::size_t kPassageBytes = std::size_t{16} << 10;

/// Number of passages of a document, at least 1.
[[nodiscard]] std::uint64_t passages_of(std::string_view document);

/// Passage j < passages_of(document), without a copy. The passages follow one another; one may be
/// empty.
[[nodiscard]] std::string_view passage_of(std::string_view document, std::uint64_t j);

/// Number of passages of all documents.
[[nodiscard]] std::uint64_t count_passages(const datasets::Documents& documents);

/// Calls visit(number of the document, number of the passage in it, passage) for passages [first,
/// last) of all documents, in order.
template <class Visit>
void for_each_passage(const datasets::Documents& documents, std::uint64_t first, std::uint64_t last,
                      Visit visit) {
  std::uint64_t number = 0;  // of the document's first passage
  for (std::uint64_t d = 0; d < documents.count() && number < last; ++d) {
    const std::string_view document = documents.document(d);
    const std::uint64_t count = passages_of(document);
    for (std::uint64_t j = number < first ? first - number : 0; j < count && number + j < last;
         ++j) {
      visit(d, j, passage_of(document, j));
    }
    number += count;
  }
}

/// Calls visit(passage) for an evenly spread sample of at most `most` passages, the same in every
/// process: of n passages passage k·n/most for each k, or all where n <= most.
template <class Visit>
void for_some_passages(const datasets::Documents& documents, std::uint64_t most, Visit visit) {
  const std::uint64_t count = count_passages(documents);
  const std::uint64_t wanted = count < most ? count : most;
  std::uint64_t taken = 0;
  std::uint64_t number = 0;  // of the document's first passage
  for (std::uint64_t d = 0; d < documents.count() && taken < wanted; ++d) {
    const std::string_view document = documents.document(d);
    const std::uint64_t end = number + passages_of(document);
    // No overflow: passages have 16 KiB, so count is far below 2^64 / wanted.
    for (std::uint64_t next; taken < wanted && (next = taken * count / wanted) < end; ++taken) {
      visit(passage_of(document, next - number));
    }
    number = end;
  }
}

}  // namespace millrace::annotation
