// write_fuzz_seeds CORPUS: writes a file of each of our formats into the harnesses' folders, as a
// start for libFuzzer. Run it again when a format changes. Texts that people write (recipe, text)
// are made by hand.
#include <filesystem>
#include <initializer_list>
#include <iostream>
#include <string>

#include "datasets/index/index_writer.h"
#include "datasets/io/mapped_file.h"
#include "proto/checkpoint.h"
#include "proto/chunk_file.h"
#include "proto/codec.h"
#include "proto/files.h"
#include "proto/group_file.h"
#include "proto/meta_json.h"
#include "proto/safetensors.h"
#include "tests/annotation/shards.h"
#include "tests/fuzz/frames.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::fuzz {
namespace {

namespace fs = std::filesystem;
using testing::sample_batch;
using testing::sample_meta;
using testing::sample_schema;

constexpr proto::Range kRange{proto::Split::kTrain, 64, 2, {}};

void write_messages(const fs::path& corpus) {
  const std::pair<const char*, proto::Message> messages[] = {
      {"hello", proto::Hello{sample_meta(), 3}},
      {"welcome", proto::Welcome{42, {"tcp://10.0.0.7:5555", "tcp://10.0.0.8:5555"}}},
      {"refuse", proto::Refuse{"block_size differs"}},
      {"lease", proto::Lease{5, {proto::Split::kVal, 1ULL << 40, 128, 7}}},
      {"batch", proto::Filled{9, sample_meta().fingerprint, sample_batch(kRange), 1500}},
      {"ping", proto::Ping{42, {5, 9}, proto::digest_of_ranks({"tcp://10.0.0.7:5555"})}},
      {"say_hello", proto::SayHello{43}},
      {"bye", proto::Bye{}},
      {"register",
       proto::Register{"0f1e2d3c4b5a6978", 1, "tcp://10.0.0.7:5555", std::string(64, '7')}},
      {"failed", proto::Failed{9, "the text has changed"}},
  };
  for (const auto& [name, message] : messages) {
    const proto::Frames frames = proto::encode(message, sample_schema());
    proto::replace_file(corpus / "message" / ("good-" + std::string(name)), join_frames(frames));
    const auto header = frames[1].bytes;
    proto::replace_file(
        corpus / "header" / ("good-" + std::string(name)),
        std::string_view(reinterpret_cast<const char*>(header.data()), header.size()));
  }
}

void write_queue_files(const fs::path& corpus) {
  proto::write_chunk(corpus / "chunk_file" / "good-chunk", sample_meta().fingerprint,
                     sample_schema(), sample_batch(kRange));
  const auto info =
      proto::describe_batch(0, sample_meta().fingerprint, sample_schema(), sample_batch(kRange));
  proto::replace_file(corpus / "header" / "good-chunk", proto::encode_batch_info(info));
  proto::Group group{"0f1e2d3c4b5a6978", "1122334455667788", 17, {{{4096, 20480}, {0, 640}, {}}}};
  proto::write_group(corpus / "group_file" / "good-group", group);
  group.stage_log = {{0, 0}, {12288, 1}};
  proto::write_group(corpus / "group_file" / "good-group-with-stages", group);
  proto::StreamMeta meta = sample_meta();
  proto::replace_file(corpus / "meta_json" / "good-meta", proto::to_json(meta));
  meta.epoch_samples = 3920;
  proto::replace_file(corpus / "meta_json" / "good-meta-with-epochs", proto::to_json(meta));
}

void write_checkpoint(const fs::path& corpus) {
  proto::TrainerState state;
  state.step = 500;
  state.cursor = 16000;
  state.best_val_loss = 1.75;
  state.run_id = "0f1e2d3c4b5a6978";
  state.meta = sample_meta();
  state.versions = {{"millrace", "0.1.0"}};
  state.files = {{proto::kConfigFile, {1801, "c81c69b6a2321c1e"}}};
  proto::replace_file(corpus / "trainer_json" / "good-state", proto::to_json(state));
  state.epoch_steps = {{5, 307}};
  proto::replace_file(corpus / "trainer_json" / "good-state-with-epochs", proto::to_json(state));

  constexpr float kValues[] = {1.0F, -2.0F, 0.5F};
  constexpr std::uint8_t kBytes[] = {1, 2, 3, 4};
  const std::vector<proto::NamedTensor> tensors{
      {"w", proto::TensorType::kF32, {3}, std::as_bytes(std::span(kValues))},
      {"b", proto::TensorType::kU8, {2, 2}, std::as_bytes(std::span(kBytes))},
      {"none", proto::TensorType::kI64, {0, 5}, {}}};
  proto::replace_file(corpus / "safetensors" / "good-tensors",
                      proto::SafetensorsPieces(tensors, {{"step", "500"}}).pieces());
}

void write_dataset_index(const fs::path& corpus) {
  for (const auto& [name, text] :
       {std::pair{"good-ascii", "one\n\ntwo"}, std::pair{"good-wide", "n\u00e9\n\u6c34"}}) {
    datasets::IndexWriter writer(datasets::IndexPlace::in_memory(), {.keep_text = true});
    writer.begin_document();
    writer.append(text);
    writer.end_document();
    const datasets::GrowingFile made = writer.finish("fuzz\n");
    proto::replace_file(corpus / "dataset_index" / name,
                        datasets::MappedFile(made.fd(), name).bytes());
  }
}

/// The worked example of docs/reference/scored_shards.md.
void write_scored_shard(const fs::path& corpus) {
  const testing::TemporaryFolder folder;
  annotation::write_shard(folder.path(), annotation::small_header(), annotation::three_chunks());
  proto::replace_file(corpus / "scored_shard" / "good-shard",
                      proto::read_file(folder / annotation::shard_name(0, 1)));
}

/// Scripts in the order in which the conversations read them: who, what, and what that takes.
void write_conversations(const fs::path& corpus) {
  const auto script = [](std::initializer_list<int> bytes) {
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string number(8, '\1');
  const std::string hello = script({0, 1, 2, 1, 'a', 11}), pass = script({0, 0, 5});
  const fs::path trainer = corpus / "trainer_conversation",
                 producer = corpus / "producer_conversation";
  proto::replace_file(trainer / "good-helper", hello + pass + script({0, 2, 0}) + number + pass +
                                                   script({0, 2, 0}) + number);
  proto::replace_file(trainer / "good-silent", hello + pass + script({0, 0, 200}));
  proto::replace_file(trainer / "good-wrong", hello + pass + script({0, 3, 0}) + number +
                                                  script({1}) + pass + script({0, 3, 0}) + number +
                                                  script({3}));
  proto::replace_file(trainer / "good-failing", hello + pass + script({0, 4, 0, 1, 'x'}) + pass +
                                                    script({0, 4, 0, 0, 0, 10, 0, 6}));
  proto::replace_file(trainer / "good-rank",
                      script({3, 7, 0, 1, 5, 'i', 'p', 'c', ':', 'x', 2, '5', '5'}) + pass);
  proto::replace_file(trainer / "good-meta",
                      script({1, 1, 2, 1, 'b', 0}) + number + pass + script({1, 5, 0}) + number);
  const std::string welcome = script({1}) + number + script({2, 0, 9, 1, 9, 0});
  const std::string lease = script({2}) + number + script({0, 0, 0, 5, 0, 16, 1, 0});
  proto::replace_file(producer / "good-work", welcome + lease + script({9}) + lease);
  proto::replace_file(producer / "good-far", welcome + script({2}) + number + script({0, 1}) +
                                                 number + script({1}) + number +
                                                 script({0, 255, 0}));
  proto::replace_file(producer / "good-refused",
                      welcome + script({3, 1, 'x', 1, 0, 100}) + welcome +
                          script({8, 1, 1, 'y', 7, 0, 5, 0, 4}) + number);
}

}  // namespace
}  // namespace millrace::fuzz

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: write_fuzz_seeds CORPUS");
  const std::filesystem::path corpus = argv[1];
  for (const auto* name :
       {"message", "header", "chunk_file", "group_file", "meta_json", "trainer_json", "safetensors",
        "dataset_index", "scored_shard", "trainer_conversation", "producer_conversation"}) {
    std::filesystem::create_directories(corpus / name);
  }
  millrace::fuzz::write_messages(corpus);
  millrace::fuzz::write_queue_files(corpus);
  millrace::fuzz::write_checkpoint(corpus);
  millrace::fuzz::write_dataset_index(corpus);
  millrace::fuzz::write_scored_shard(corpus);
  millrace::fuzz::write_conversations(corpus);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << "\n";
  return 1;
}
