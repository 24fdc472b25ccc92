// file:// as a transport (file_transport.h).
#include "queue/file/file_transport.h"

namespace millrace::queue {

Transport file_transport() {
  return {.scheme = "file",
          .place = "FOLDER",
          .medium = Medium::kFiles,
          .audit_error = "a chunk in the folder does not tell who wrote it",
          .open_producer_end =
              [](const Uri& uri, const proto::StreamMeta& meta, const ProducerPlan& plan) {
                return make_folder_producer_end(uri.rest, meta, plan);
              },
          .open_consumer_end =
              [](const Uri& uri, const Expectation& expected, const ConsumerPlan& plan) {
                return make_folder_consumer_end(uri.rest, expected, plan);
              }};
}

}  // namespace millrace::queue
