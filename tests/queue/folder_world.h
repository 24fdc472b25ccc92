// A queue folder on a disk in memory, with a clock that the test sets: producers and trainers take
// turns in one thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/digest.h"
#include "queue/ends/range_order.h"
#include "queue/file/file_transport.h"
#include "queue/file/folder.h"
#include "tests/support/fake_disk.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {

/// The id of a run that tests call by a name.
inline std::string run_id(std::string_view name) { return proto::hex16(proto::xxh64(name)); }

class FolderWorld {
 public:
  static constexpr std::chrono::milliseconds kAtOnce{0};

  explicit FolderWorld(proto::StreamMeta stream = testing::sample_meta())
      : meta(std::move(stream)), layout("/q", meta.fingerprint, disk) {}

  [[nodiscard]] std::unique_ptr<ProducerEnd> producer(std::uint64_t ahead_chunks,
                                                      const proto::StageLog& log = {}) {
    return make_folder_producer_end("/q", meta,
                                    {.ahead = {ahead_chunks * chunk, 0, 0}, .stage_log = log}, disk,
                                    [this] { return now; });
  }
  [[nodiscard]] std::unique_ptr<ConsumerEnd> consumer(const ConsumerPlan& plan) {
    return make_folder_consumer_end("/q", testing::expectation_of(meta), plan, disk,
                                    [this] { return now; });
  }
  /// The plan of the run of that name, which wants two chunks ahead.
  [[nodiscard]] ConsumerPlan run(const std::string& name = "run", std::uint64_t cursor = 0,
                                 const proto::StageLog& log = {}) const {
    return {.run_id = run_id(name),
            .cursor = cursor,
            .train_window = {.samples = 2 * chunk},
            .stage_log = log};
  }
  /// A consumer's end that has its stream.
  [[nodiscard]] std::unique_ptr<ConsumerEnd> met(const ConsumerPlan& plan) {
    auto end = consumer(plan);
    if (!end->wait_for_stream(kAtOnce)) throw std::logic_error("no stream: " + end->state().words);
    return end;
  }

  /// Computes all chunks that are asked for now; their names, in order.
  std::vector<std::string> fill(ProducerEnd& end) {
    std::vector<std::string> made;
    while (const auto leased = end.next(kAtOnce)) {
      if (deliver(end, *leased)) {
        made.push_back(proto::chunk_name(leased->range.first, leased->range.stage));
      }
    }
    return made;
  }
  /// False: there is no room.
  bool deliver(ProducerEnd& end, const LeasedRange& leased) try {
    end.deliver(leased, samples(leased.range));
    return true;
  } catch (const NotStored&) {
    return false;
  }

  /// The stream's samples: its function, computed once per range.
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
