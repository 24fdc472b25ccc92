// proto::decode on frames. An accepted message, encoded again, must be decoded as the same message.
#include "proto/codec.h"
#include "proto/digest.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

constexpr std::size_t kFramesBeforeColumns = 2;

std::string_view text_of(const proto::SharedBytes& frame) {
  return {reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size()};
}

/// A schema for the columns, which the message itself does not have.
proto::Schema schema_of(const proto::BatchInfo& info) {
  proto::Schema schema;
  for (const proto::ColumnInfo& column : info.columns) {
    schema.fields.push_back({"",
                             column.wire,
                             proto::LogicalType::kI64,
                             {column.shape.begin() + 1, column.shape.end()}});
  }
  return schema;
}

/// The header of a batch; empty for other headers.
std::optional<proto::BatchInfo> batch_info_of(const proto::Frames& frames) {
  if (frames.size() < kFramesBeforeColumns) return std::nullopt;
  const auto header = proto::decode_header(text_of(frames[1]));
  const auto* info = header ? std::get_if<proto::BatchInfo>(&*header) : nullptr;
  return info != nullptr ? std::optional(*info) : std::nullopt;
}

/// The first frame for this header.
proto::SharedBytes first_frame_for(const proto::SharedBytes& header) {
  std::string bytes(text_of(proto::encode(proto::Bye{})[0]));
  const std::uint64_t checksum = proto::xxh64(header.bytes);
  for (std::size_t i = 0; i < sizeof checksum; ++i) {
    bytes[8 + i] = static_cast<char>(checksum >> (8 * i) & 255);
  }
  return frame_of(bytes);
}

proto::Frames with_right_checksums(proto::Frames frames) {
  if (frames.size() >= kFramesBeforeColumns) frames[0] = first_frame_for(frames[1]);
  std::optional<proto::BatchInfo> info = batch_info_of(frames);
  if (!info) return frames;
  for (std::size_t i = 0; i < info->columns.size() && i + kFramesBeforeColumns < frames.size();
       ++i) {
    info->columns[i].checksum = proto::xxh64(frames[i + kFramesBeforeColumns].bytes);
  }
  frames[1] = frame_of(proto::encode_header(*info));
  frames[0] = first_frame_for(frames[1]);
  return frames;
}

bool take_frames(const proto::Frames& frames) {
  const proto::Decoded decoded = proto::decode(frames);
  if (decoded.status != proto::DecodeStatus::kOk) return false;
  const std::optional<proto::BatchInfo> info = batch_info_of(frames);
  const proto::Schema schema = info ? schema_of(*info) : proto::Schema{};
  if (const auto* filled = std::get_if<proto::Filled>(&decoded.message)) {
    require(proto::fits(schema, filled->batch),
            "a batch that is taken has columns of the size that its header says");
  }
  const proto::Frames written = proto::encode(decoded.message, schema);
  const proto::Decoded again = proto::decode(written);
  require(again.status == proto::DecodeStatus::kOk, "what is taken can be written and taken again");
  require(join_frames(proto::encode(again.message, schema)) == join_frames(written),
          "and is then the same message");
  return true;
}

}  // namespace

bool take_message(std::string_view input) {
  const proto::Frames frames = split_frames(input);
  const bool taken = take_frames(frames);
  if (!taken) (void)take_frames(with_right_checksums(frames));
  return taken;
}

}  // namespace millrace::fuzz
