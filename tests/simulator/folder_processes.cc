#include "tests/simulator/folder_processes.h"

#include <stdexcept>
#include <utility>

#include "proto/checkpoint.h"
#include "queue/file/file_transport.h"
#include "tests/support/sample_expectation.h"

namespace millrace::simulator {
namespace {

constexpr std::chrono::milliseconds kAtOnce{0};

queue::ProducerPlan producer_plan(const TrainerPlan& trainer) {
  queue::ProducerPlan plan;
  plan.ahead = {trainer.window_samples, trainer.eval_samples, 0};
  if (trainer.stage_seed) plan.stage_log = {{0, 0}};
  return plan;
}

}  // namespace

FolderProducer::FolderProducer(proto::Disk& disk, queue::Clock clock, Duration work,
                               const TrainerPlan& trainer)
    : disk_(disk),
      work_(work),
      end_(queue::make_folder_producer_end(kQueue, large_samples().meta, producer_plan(trainer),
                                           disk_, std::move(clock))) {}

void FolderProducer::act(Time now) {
  if (!leased_) {
    leased_ = end_->next(kAtOnce);
    done_at_ = now + work_;
  }
  if (!leased_ || now < done_at_) return;
  const queue::LeasedRange leased = *std::exchange(leased_, std::nullopt);
  try {
    end_->deliver(leased, large_samples().make(leased.range));
  } catch (const queue::NotStored&) {
    // It will be leased again.
  }
}

FolderTrainer::FolderTrainer(proto::Disk& disk, queue::Clock clock, std::uint32_t world,
                             std::string run_id, Training& training)
    : disk_(disk), run_id_(std::move(run_id)), training_(training) {
  training_.resume(load());
  const TrainerPlan& plan = training_.plan();
  for (std::uint32_t number = 0; number < world; ++number) {
    queue::ConsumerPlan rank;
    rank.run_id = run_id_;
    rank.rank = number;
    rank.cursor = training_.at().cursor;
    rank.eval_samples = plan.eval_samples;
    rank.train_window = {.samples = plan.window_samples};
    rank.stage_log = training_.at().log;
    ranks_.push_back(
        {{plan.batch_size, plan.micro_batches, number, world},
         queue::make_folder_consumer_end(kQueue, testing::expectation_of(large_samples().meta),
                                         rank, disk_, clock),
         std::nullopt});
  }
}

Saved FolderTrainer::load() {
  const std::string out_dir = "/out-" + run_id_;
  const auto found = proto::find_newest_whole(
      out_dir, [](const std::string&) {}, disk_);
  const Saved saved = found ? Saved{found->state.step, found->state.cursor,
                                    found->state.evaluation_due, found->state.stage_log}
                            : training_.beginning();
  proto::roll_back_to(out_dir, saved.step, {}, disk_);
  return saved;
}

void FolderTrainer::save(const Saved& saved) {
  proto::TrainerState state;
  state.step = saved.step;
  state.cursor = saved.cursor;
  state.evaluation_due = saved.evaluation_due;
  state.stage_log = saved.log;
  state.run_id = run_id_;
  state.meta = large_samples().meta;
  proto::CheckpointWriter writer("/out-" + run_id_, saved.step, disk_);
  writer.commit(state);
  proto::remove_old_checkpoints("/out-" + run_id_, 2, {}, run_id_, disk_);
}

void FolderTrainer::act(Time now) {
  std::vector<Share> shares;
  for (Rank& rank : ranks_) {
    act(rank, training_);
    if (!rank.window) return;
    shares.push_back(
        {rank.sharding, &*rank.window,
         [&rank](const proto::StageLog& log) { rank.end->set_stage_log(log); },
         [&rank](std::uint64_t cursor) { rank.end->release(proto::Split::kTrain, cursor); }});
  }
  training_.run(shares, now);
}

void FolderTrainer::act(Rank& rank, const Training& training) {
  const auto meta = rank.end->wait_for_stream(kAtOnce);
  if (!meta) return;
  if (!rank.window) {
    rank.window.emplace(*meta, training.prefetch_plan(rank.sharding), rank.end->range_samples());
  }
  for (const proto::Range& range : rank.window->missing()) {
    rank.end->request(range);
  }
  while (const auto batch = rank.end->receive(kAtOnce)) rank.window->put(*batch);
}

std::string FolderTrainer::describe() const {
  std::string text = run_id_ + ": step " + std::to_string(training_.at().step) + " of " +
                     std::to_string(training_.plan().steps);
  for (const Rank& rank : ranks_) text += "; " + rank.end->state().words;
  return text;
}

}  // namespace millrace::simulator
