// Makes one scored token shard of a dataset's documents. The shards of a folder may be made in any
// order, by any processes on any machines.
#pragma once

#include <cstdint>
#include <memory>

#include "config/options.h"
#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/open/documents.h"

namespace millrace::annotation {

/// Which shard of how many.
struct Part {
  std::uint32_t shard = 0;
  std::uint32_t shards = 1;
};

/// The result.
struct Annotated {
  bool was_there = false;  ///< another run had finished the shard; it was skipped
  std::uint64_t passages = 0;
  std::uint64_t chunks = 0;
  std::uint64_t filling_chunks = 0;  ///< chunks that fill stages 1 and 2
  std::uint64_t tokens = 0;          ///< in all chunks
};

/// Makes the shard in the folder options.data.shards; skips one that is complete already, and
/// continues one that was interrupted. Where options.data.tokenizer is empty, uses the folder's own
/// tokenizer, which it trains first where there is none. Where the process is asked to stop
/// (config/app/stop.h), saves and throws a std::runtime_error that says so.
///
/// Throws config::UsageError for settings that do not fit the documents, std::runtime_error for
/// documents that are not UTF-8 (with the document's number and the byte) and for an existing shard
/// that was made of something else (with both values).
[[nodiscard]] Annotated annotate(const config::Options& options, Part part);

/// The tokenizer of annotate(), trained and saved in the folder if need be.
[[nodiscard]] std::shared_ptr<const datasets::ByteLevelBpe> annotation_tokenizer(
    const config::Options& options, const datasets::Documents& documents);

}  // namespace millrace::annotation
