// Passages evenly spread over all documents, so that what is learned from them, a tokenizer or how
// rare words are, takes bounded time and memory and is the same in every process.
#pragma once

#include <cstdint>
#include <string_view>

#include "annotation/passages.h"
#include "datasets/open/documents.h"

namespace millrace::annotation {

/// All passages of all documents.
[[nodiscard]] std::uint64_t count_passages(const datasets::Documents& documents);

/// Calls visit(document's number, passage's number in it, passage) for passages [first, last) of
/// all, in order.
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

/// Calls visit(passage) for all passages, or, where there are more than `most`, for `most` of them:
/// passage k·count/most for each k.
template <class Visit>
void for_some_passages(const datasets::Documents& documents, std::uint64_t most, Visit visit) {
  const std::uint64_t count = count_passages(documents);
  const std::uint64_t wanted = count < most ? count : most;
  std::uint64_t taken = 0;
  std::uint64_t number = 0;
  for (std::uint64_t d = 0; d < documents.count() && taken < wanted; ++d) {
    const std::string_view document = documents.document(d);
    const std::uint64_t end = number + passages_of(document);
    // count is far below 2^64 / wanted: passages have 16 KiB.
    for (std::uint64_t next; taken < wanted && (next = taken * count / wanted) < end; ++taken) {
      visit(passage_of(document, next - number));
    }
    number = end;
  }
}

}  // namespace millrace::annotation
