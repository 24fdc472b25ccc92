// Opening either end of a recipe's queue (open_ends.h).
#include "producer/open_ends.h"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "config/errors.h"
#include "config/output_folder.h"
#include "endpoint/expectation.h"
#include "endpoint/key_files.h"
#include "endpoint/window.h"
#include "producer/inproc.h"
#include "producer/stream.h"
#include "providers/named_data.h"
#include "queue/transports.h"

namespace millrace::producer {

queue::Uri queue_uri(const config::Options& options) try {
  constexpr std::string_view kFolder = "file://";
  if (options.queue.uri.starts_with(kFolder)) {
    config::refuse_in_dataset(options.data, options.queue.uri.substr(kFolder.size()), "queue.uri");
  }
  return queue::parse_uri(options.queue.uri);
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

queue::Expectation expected_stream(const config::Options& options) {
  queue::Expectation expected = endpoint::expectation(options);
  if (queue_uri(options).transport->in_process) return expected;
  if (const auto data = providers::named_data(options)) {
    expected.dataset = data->name;
    expected.dataset_hash = data->hash;
    expected.byte_level = data->byte_level;
  }
  return expected;
}

std::unique_ptr<queue::ProducerEnd> open_producer_end(const config::Options& options,
                                                      const proto::StreamMeta& meta,
                                                      queue::ProducerPlan plan) try {
  plan.rank_hosts = options.queue.rank_hosts;
  plan.security = queue::producer_security(endpoint::key_files(options));
  return queue::open_producer_end(queue_uri(options), meta, plan);
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

std::unique_ptr<queue::ConsumerEnd> open_consumer_end(const config::Options& options,
                                                      const queue::Expectation& expected,
                                                      queue::ConsumerPlan plan) try {
  const queue::Uri uri = queue_uri(options);
  plan.train_window = endpoint::train_window(options);
  if (uri.transport->in_process) {
    const Stream stream = open_stream(options);
    return make_inproc_producer(stream, expected, options.producer.threads,
                                queue::leased_range_samples(stream.meta.schema, plan.train_window),
                                *plan.registry);
  }
  plan.advertise = options.queue.advertise;
  plan.late_after = std::chrono::milliseconds(std::llround(options.queue.late_s * 1000));
  plan.audit = options.queue.audit;
  plan.security = queue::trainer_security(endpoint::key_files(options));
  return queue::open_consumer_end(uri, expected, plan);
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

}  // namespace millrace::producer
