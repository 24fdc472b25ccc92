// A queue folder in one thread, on a disk in memory and under a clock of the test's own: producers
// and trainers take turns.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/chunk_file.h"
#include "queue/ends/range_order.h"
#include "queue/file/folder.h"
#include "queue/file/folder_consumer_end.h"
#include "queue/file/folder_producer_end.h"
#include "tests/support/fake_disk.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {

class FolderWorld {
 public:
  static constexpr std::chrono::milliseconds kAtOnce{0};

  explicit FolderWorld(proto::StreamMeta stream = testing::sample_meta())
      : meta(std::move(stream)), layout("/q", meta.fingerprint, disk) {}

  [[nodiscard]] std::unique_ptr<ProducerEnd> producer(std::uint64_t ahead_chunks,
                                                      const proto::StageLog& log = {}) {
    return make_folder_producer_end("/q", meta, {{ahead_chunks * chunk, 0, 0}, log}, disk,
                                    [this] { return now; });
  }
  [[nodiscard]] std::unique_ptr<ConsumerEnd> consumer(const FolderRun& run) {
    return make_folder_consumer_end("/q", {"sample", 7, meta.settings, {}}, run, disk,
                                    [this] { return now; });
  }
  /// A run that wants two chunks ahead.
  [[nodiscard]] FolderRun run(const std::string& id = "run", std::uint64_t cursor = 0,
                              const proto::StageLog& log = {}) const {
    return {
        .run_id = id, .cursor = cursor, .train_window = {.samples = 2 * chunk}, .stage_log = log};
  }
  [[nodiscard]] std::unique_ptr<ConsumerEnd> met(const FolderRun& wanted) {
    auto end = consumer(wanted);
    if (!end->wait_for_stream(kAtOnce)) throw std::logic_error("no stream: " + end->state().words);
    return end;
  }

  /// Works off all orders that are there; the names of the chunks made, in order.
  std::vector<std::string> fill(ProducerEnd& end) {
    std::vector<std::string> made;
    while (const auto order = end.next(kAtOnce)) {
      if (deliver(end, *order)) {
        made.push_back(proto::chunk_name(order->range.first, order->range.stage));
      }
    }
    return made;
  }
  /// False: there is no room.
  bool deliver(ProducerEnd& end, const LeasedRange& order) try {
    end.deliver(order, samples(order.range));
    return true;
  } catch (const NotStored&) {
    return false;
  }

  /// What the pure function says.
  const proto::Batch& samples(const proto::Range& range) {
    const auto [known, is_new] = computed_.try_emplace(range);
    if (is_new) known->second = testing::sample_batch(range);
    return known->second;
  }

  [[nodiscard]] std::vector<std::string> files(proto::Split split = proto::Split::kTrain) const {
    return disk.list(layout.split(split));
  }
  [[nodiscard]] proto::Range chunk_range(std::uint64_t k,
                                         std::optional<std::uint8_t> stage = {}) const {
    return {proto::Split::kTrain, k * chunk, chunk, stage};
  }
  [[nodiscard]] std::string chunk_name(std::uint64_t k,
                                       std::optional<std::uint8_t> stage = {}) const {
    return proto::chunk_name(k * chunk, stage);
  }

  mutable testing::FakeDisk disk;
  Time now{std::chrono::hours(1)};
  proto::StreamMeta meta;
  Folder layout;
  const std::uint32_t chunk = proto::chunk_samples(meta.schema);

 private:
  std::map<proto::Range, proto::Batch, Sooner> computed_;
};

}  // namespace millrace::queue
