// Runs a training step's work on its device: by plain calls, or as CUDA graphs (cuda_graph.h).
//
// A graph reads and writes fixed memory of fixed shapes. So each micro-batch is first copied into
// tensors that stay where they are, and its loss positions are padded with −1 up to a multiple of a
// sixteenth of all positions. A pass is captured once for each shape that occurs: a number of
// samples, and a padded number of loss positions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "trainer/device/cuda_graph.h"
#include "trainer/device/device_batch.h"

namespace millrace::trainer {

/// One thread. Work that is run as a graph must keep to CudaGraph::run's rules.
class PassRunner {
 public:
  /// An empty factory means plain calls.
  explicit PassRunner(GraphFactory make_graph = {});

  /// Calls `pass` on the batch, or replays its graph on a copy of the batch. `pass` must be the
  /// same in every call.
  void run(const DeviceBatch& batch, const std::function<void(const DeviceBatch&)>& pass);

  /// Calls `work`, or replays its graph: the work of a step that no batch is handed to. It must be
  /// the same in every call.
  void run(const std::function<void()>& work);

 private:
  struct GraphedPass {
    DeviceBatch inputs;
    std::unique_ptr<CudaGraph> graph;
  };
  GraphedPass& load(const DeviceBatch& batch);

  GraphFactory make_graph_;
  /// By samples and by padded number of loss positions.
  std::map<std::pair<std::int64_t, std::int64_t>, GraphedPass> passes_;
  std::unique_ptr<CudaGraph> work_;  ///< null: plain calls
};

}  // namespace millrace::trainer
