#include "annotation/sampled_passages.h"

namespace millrace::annotation {

std::uint64_t count_passages(const datasets::Documents& documents) {
  std::uint64_t count = 0;
  for (std::uint64_t d = 0; d < documents.count(); ++d) count += passages_of(documents.document(d));
  return count;
}

}  // namespace millrace::annotation
