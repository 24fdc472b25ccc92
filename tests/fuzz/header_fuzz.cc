// The protobuf headers alone: proto::decode_header of messages, proto::decode_batch_info of queue
// files.
#include "proto/codec.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

void check_sizes(const proto::BatchInfo& info) {
  require(info.columns.size() <= proto::kMaxFields, "no more columns than a schema may have");
  for (const proto::ColumnInfo& column : info.columns) {
    require(column.shape.front() == info.range.count, "a column holds the range's samples");
    require(column.bytes() <= proto::kMaxSampleBytes * info.range.count,
            "a sample's column is no larger than a sample may be");
  }
}

bool take_message_header(std::string_view input) {
  const auto header = proto::decode_header(input);
  if (!header) return false;
  if (const auto* info = std::get_if<proto::BatchInfo>(&*header)) check_sizes(*info);
  const std::string written = proto::encode_header(*header);
  const auto again = proto::decode_header(written);
  require(again.has_value(), "a header that is taken can be written and taken again");
  require(proto::encode_header(*again) == written, "and is then the same");
  return true;
}

bool take_batch_info(std::string_view input) {
  const auto info = proto::decode_batch_info(input);
  if (!info) return false;
  check_sizes(*info);
  const std::string written = proto::encode_batch_info(*info);
  const auto again = proto::decode_batch_info(written);
  require(again.has_value(), "a queue file's header that is taken can be written and taken again");
  require(proto::encode_batch_info(*again) == written, "and is then the same");
  return true;
}

}  // namespace

bool take_header(std::string_view input) {
  const bool as_message = take_message_header(input);
  const bool as_queue_file = take_batch_info(input);
  return as_message || as_queue_file;
}

}  // namespace millrace::fuzz
