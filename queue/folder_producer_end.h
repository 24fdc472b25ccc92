// file://, the producer's side: keeps the chunks of every run's window present.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "proto/meta.h"
#include "queue/ends.h"

namespace millrace::queue {

/// `ahead`: samples of each split to have ready before a run exists. Creates the folder and writes the meta; throws
/// std::runtime_error where that fails (a read-only folder).
[[nodiscard]] std::unique_ptr<ProducerEnd> make_folder_producer_end(const std::filesystem::path& queue,
                                                                    const proto::StreamMeta& meta,
                                                                    const std::array<std::uint64_t, proto::kSplitCount>& ahead);

}  // namespace millrace::queue
