// The processes around a queue folder, `prepare` and `train`: the real ends and checkpoints over a
// simulated disk.
//
// A process that is killed throws Killed from the call in which it dies; a power cut throws
// testing::PowerCut.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/ends/clock.h"
#include "queue/ends/ends.h"
#include "tests/simulator/made_stream.h"
#include "tests/simulator/process_disk.h"
#include "tests/simulator/training.h"

namespace millrace::simulator {

inline constexpr const char* kQueue = "/queue";

class FolderProducer {
 public:
  FolderProducer(proto::Disk& disk, queue::Clock clock, Duration work, const TrainerPlan& trainer);

  [[nodiscard]] ProcessDisk& disk() { return disk_; }
  void act(Time now);

 private:
  ProcessDisk disk_;
  Duration work_;
  std::unique_ptr<queue::ProducerEnd> end_;
  std::optional<queue::LeasedRange> leased_;
  Time done_at_{};
};

class FolderTrainer {
 public:
  /// Continues from the newest checkpoint on the disk. All processes of a run have the same run id;
  /// `training` must outlive them.
  FolderTrainer(proto::Disk& disk, queue::Clock clock, std::uint32_t world, std::string run_id,
                Training& training);

  [[nodiscard]] ProcessDisk& disk() { return disk_; }
  void act(Time now);
  void save(const Saved& saved);
  [[nodiscard]] std::string describe() const;

 private:
  struct Rank {
    consumer::BatchSharding sharding;
    std::unique_ptr<queue::ConsumerEnd> end;
    std::optional<consumer::PrefetchWindow> window;
  };

  [[nodiscard]] Saved load();
  static void act(Rank& rank, const Training& training);

  ProcessDisk disk_;
  std::string run_id_;
  Training& training_;
  std::vector<Rank> ranks_;
};

}  // namespace millrace::simulator
