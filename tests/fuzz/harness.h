// Fuzz harnesses: a function for each parser of foreign bytes, and for each side of the lease
// protocol, called by libFuzzer (libfuzzer_entry.cc) and by the ordinary tests (replay_test.cc).
//
// A harness gives the input to the parser as a peer or a file would, and returns whether the parser
// accepted it. It throws PropertyBroken where the result of an accepted input is wrong. Any other
// exception, a crash, a hang or too much memory is a bug of the parser. Checksums reject mutated
// inputs early, so a harness also tries a copy with the right checksums.
//
// One thread; no state but a scratch folder.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::fuzz {

class PropertyBroken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws PropertyBroken where `holds` is false.
void require(bool holds, const char* property);

/// A harness and its name.
struct Harness {
  std::string_view name;  ///< of its folder in corpus/, and of the program fuzz_NAME
  bool (*take)(std::string_view input);
};
[[nodiscard]] std::span<const Harness> harnesses();

bool take_chunk_file(std::string_view input);
bool take_csv(std::string_view input);
bool take_dataset_index(std::string_view input);
bool take_group_file(std::string_view input);
bool take_header(std::string_view input);
bool take_jsonl(std::string_view input);
bool take_message(std::string_view input);
bool take_meta(std::string_view input);
bool take_meta_json(std::string_view input);
bool take_producer_conversation(std::string_view input);
bool take_recipe(std::string_view input);
bool take_safetensors(std::string_view input);
bool take_scored_shard(std::string_view input);
bool take_text(std::string_view input);
bool take_tokenizer(std::string_view input);
bool take_trainer_conversation(std::string_view input);
bool take_trainer_json(std::string_view input);
bool take_vocabulary(std::string_view input);

/// Writes a file with this content. The path is valid until the next call with the same name.
[[nodiscard]] std::string scratch_file(const char* name, std::string_view content);

}  // namespace millrace::fuzz
