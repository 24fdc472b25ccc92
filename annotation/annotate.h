// Documents into scored token shards: one shard of several, by one process. Shards are made in any
// order, by any machines.
#pragma once

#include <cstdint>
#include <memory>

#include "config/options.h"
#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/open/documents.h"

namespace millrace::annotation {

/// Which shard, of how many.
struct Part {
  std::uint32_t shard = 0;
  std::uint32_t shards = 1;
};

/// What became of it.
struct Annotated {
  bool was_there = false;  ///< finished by another run, and skipped
  std::uint64_t passages = 0;
  std::uint64_t chunks = 0;
  std::uint64_t filling_chunks = 0;  ///< of these: those that fill stage 1 and stage 2
  std::uint64_t tokens = 0;          ///< of all chunks
};

/// Makes the shard in options.data.shards, or skips one that is there and whole, or continues one
/// that was interrupted. Where options.data.tokenizer is empty, the folder's own tokenizer is used,
/// and trained first where there is none. Ends early, saving, where the process is asked to stop
/// (config/app/stop.h): a std::runtime_error that says so.
///
/// Throws config::UsageError for a recipe that cannot be, std::runtime_error for documents that are
/// no UTF-8 (with the document's number and the byte) and for a shard that is there and was made of
/// something else (with both values).
[[nodiscard]] Annotated annotate(const config::Options& options, Part part);

/// The tokenizer that the recipe means, trained and saved if need be.
[[nodiscard]] std::shared_ptr<const datasets::ByteLevelBpe> annotation_tokenizer(
    const config::Options& options, const datasets::Documents& documents);

}  // namespace millrace::annotation
