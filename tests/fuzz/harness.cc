// The list of harnesses, and their scratch folder.
#include "tests/fuzz/harness.h"

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/support/temporary_folder.h"

namespace millrace::fuzz {
namespace {

constexpr std::array kHarnesses = {
    Harness{"chunk_file", take_chunk_file},
    Harness{"csv", take_csv},
    Harness{"dataset_index", take_dataset_index},
    Harness{"group_file", take_group_file},
    Harness{"header", take_header},
    Harness{"jsonl", take_jsonl},
    Harness{"message", take_message},
    Harness{"meta", take_meta},
    Harness{"meta_json", take_meta_json},
    Harness{"producer_conversation", take_producer_conversation},
    Harness{"recipe", take_recipe},
    Harness{"safetensors", take_safetensors},
    Harness{"scored_shard", take_scored_shard},
    Harness{"text", take_text},
    Harness{"tokenizer", take_tokenizer},
    Harness{"trainer_conversation", take_trainer_conversation},
    Harness{"trainer_json", take_trainer_json},
    Harness{"vocabulary", take_vocabulary},
};

/// In memory (/dev/shm) where the system has that, as thousands of inputs a second are written to
/// it.
std::unique_ptr<testing::TemporaryFolder> make_scratch_folder() {
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  return std::make_unique<testing::TemporaryFolder>();
}

}  // namespace

void require(bool holds, const char* property) {
  if (!holds) throw PropertyBroken(property);
}

std::span<const Harness> harnesses() { return kHarnesses; }

std::string scratch_file(const char* name, std::string_view content) {
  static const std::unique_ptr<testing::TemporaryFolder> folder = make_scratch_folder();
  const std::string path = (*folder / name).string();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error(path + ": cannot write");
  return path;
}

}  // namespace millrace::fuzz
