#include "queue/transports.h"

#include <stdexcept>

#include "queue/file/folder_consumer_end.h"
#include "queue/file/folder_producer_end.h"
#include "queue/zmq/zmq_consumer_end.h"
#include "queue/zmq/zmq_producer_end.h"

namespace millrace::queue {
namespace {

ZmqRun zmq_run(const ConsumerPlan& plan) {
  return {plan.run_id,     plan.rank,  plan.advertise, plan.train_window,
          plan.late_after, plan.audit, plan.security,  *plan.registry};
}

}  // namespace

std::unique_ptr<ProducerEnd> open_producer_end(const Uri& uri, const proto::StreamMeta& meta,
                                               const ProducerPlan& plan) {
  switch (uri.scheme) {
    case Scheme::kFile:
      return make_folder_producer_end(uri.rest, meta, {plan.ahead, plan.stage_log});
    case Scheme::kTcp:
    case Scheme::kIpc: return make_zmq_producer_end(uri, meta, plan.capacity, plan.security);
    case Scheme::kInproc: break;
  }
  throw std::invalid_argument(
      "queue.uri inproc:// has its producer inside train: start train alone, or choose a file:// "
      "or tcp:// uri");
}

std::unique_ptr<ConsumerEnd> open_consumer_end(const Uri& uri, const Expectation& expected,
                                               const ConsumerPlan& plan) {
  switch (uri.scheme) {
    case Scheme::kFile:
      if (plan.audit > 0) {
        throw std::invalid_argument(
            "queue.audit compares what producers answer, over tcp:// and ipc:// alone: a chunk in "
            "a folder " +
            std::string("does not tell who wrote it; leave it at 0"));
      }
      return make_folder_consumer_end(uri.rest, expected,
                                      {plan.run_id, plan.rank == 0, plan.cursor, plan.eval_samples,
                                       plan.train_window, plan.stage_log, *plan.registry});
    case Scheme::kTcp:
    case Scheme::kIpc: return make_zmq_consumer_end(uri, expected, zmq_run(plan));
    case Scheme::kInproc: break;
  }
  throw std::invalid_argument("inproc:// has no consumer's end of its own");
}

}  // namespace millrace::queue
