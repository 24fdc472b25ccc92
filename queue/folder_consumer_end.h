// file://, the trainer's side: reads the chunks that producers keep present, and says how far the run is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "queue/admission.h"
#include "queue/ends.h"
#include "queue/range_size.h"

namespace millrace::queue {

struct FolderRun {
  std::string run_id;              ///< names the group; the same for all ranks, and again after a resume
  bool leads = true;               ///< rank 0 alone writes the group's file and deletes used chunks
  std::uint64_t cursor = 0;        ///< first train sample that is not used yet
  std::uint64_t eval_samples = 0;  ///< val samples of one evaluation; they stay
  Window train_window;
};

[[nodiscard]] std::unique_ptr<ConsumerEnd> make_folder_consumer_end(const std::filesystem::path& queue, const Expectation& expected,
                                                                    const FolderRun& run);

}  // namespace millrace::queue
