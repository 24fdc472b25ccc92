// Plain calls, or graphs by shape (pass_runner.h).
#include "trainer/training/pass_runner.h"

#include <algorithm>

namespace millrace::trainer {
namespace {

/// The number of loss positions is padded to a multiple of this part of all positions.
constexpr std::int64_t kParts = 16;

/// 0 for a batch without found loss positions, whose passes use every position.
std::int64_t padded_count(const DeviceBatch& batch) {
  if (!batch.loss_positions().defined()) return 0;
  const std::int64_t part = (batch.at(proto::Role::kInput).numel() + kParts - 1) / kParts;
  return (std::max<std::int64_t>(batch.loss_positions().size(0), 1) + part - 1) / part * part;
}

}  // namespace

PassRunner::PassRunner(GraphFactory make_graph)
    : make_graph_(std::move(make_graph)), work_(make_graph_ ? make_graph_() : nullptr) {}

void PassRunner::run(const DeviceBatch& batch,
                     const std::function<void(const DeviceBatch&)>& pass) {
  if (!make_graph_) return pass(batch);
  GraphedPass& graphed = load(batch);
  graphed.graph->run([&graphed, pass] { pass(graphed.inputs); });
}

void PassRunner::run(const std::function<void()>& work) { work_ ? work_->run(work) : work(); }

/// The graph for the shape of this batch, its inputs filled. The reference stays valid, as that of
/// any entry of a map.
PassRunner::GraphedPass& PassRunner::load(const DeviceBatch& batch) {
  const std::pair shape(batch.samples(), padded_count(batch));
  if (const auto found = passes_.find(shape); found != passes_.end()) {
    found->second.inputs.copy_from(batch);
    return found->second;
  }
  return passes_.emplace(shape, GraphedPass{batch.padded_copy(shape.second), make_graph_()})
      .first->second;
}

}  // namespace millrace::trainer
