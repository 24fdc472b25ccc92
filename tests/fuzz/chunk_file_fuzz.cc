// proto::read_chunk on a file's bytes, as they are and with the right checksums of preamble and
// columns.
#include <algorithm>
#include <cstring>

#include "proto/chunk_file.h"
#include "proto/codec.h"
#include "proto/digest.h"
#include "tests/fuzz/harness.h"
#include "tests/support/sample_stream.h"

namespace millrace::fuzz {
namespace {

// Offsets of the preamble's numbers (docs/reference/queue_file.md).
constexpr std::size_t kHeaderLengthAt = 12;
constexpr std::size_t kHeaderChecksumAt = 16;
constexpr std::size_t kFileLengthAt = 24;

template <class Number>
void put(std::string& bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

std::uint32_t header_length_of(const std::string& file) {
  std::uint32_t length = 0;
  std::memcpy(&length, file.data() + kHeaderLengthAt, sizeof length);
  return length;
}

/// The header with the right checksums of the file's columns, where all columns are there and the
/// header keeps its length.
std::string with_right_columns(const std::string& file, const std::string& header) {
  auto info = proto::decode_batch_info(header);
  if (!info) return header;
  std::size_t at = proto::column_aligned(proto::kChunkPreambleBytes + header.size());
  for (proto::ColumnInfo& column : info->columns) {
    const std::size_t bytes = column.bytes();
    if (at > file.size() || bytes > file.size() - at) return header;
    column.checksum = proto::xxh64(std::string_view(file).substr(at, bytes));
    at = proto::column_aligned(at + bytes);
  }
  const std::string written = proto::encode_batch_info(*info);
  return written.size() == header.size() ? written : header;
}

std::string with_right_checksums(std::string file) {
  if (file.size() < proto::kChunkPreambleBytes) return file;
  const std::size_t room = file.size() - proto::kChunkPreambleBytes;
  const auto length =
      static_cast<std::uint32_t>(std::min<std::size_t>(header_length_of(file), room));
  const std::string header =
      with_right_columns(file, file.substr(proto::kChunkPreambleBytes, length));
  file.replace(proto::kChunkPreambleBytes, length, header);
  put(file, kHeaderLengthAt, length);
  put(file, kHeaderChecksumAt, proto::xxh64(header));
  put(file, kFileLengthAt, std::uint64_t{file.size()});
  return file;
}

proto::Schema schema_of(const proto::Chunk& chunk) {
  proto::Schema schema;
  for (std::size_t i = 0; i < chunk.wires.size(); ++i) {
    const auto& shape = chunk.shapes[i];
    schema.fields.push_back(
        {"", chunk.wires[i], proto::LogicalType::kI64, {shape.begin() + 1, shape.end()}});
  }
  return schema;
}

bool take_file(std::string_view content) {
  const proto::Chunk chunk = proto::read_chunk(scratch_file("a.chunk", content));
  if (chunk.status != proto::ChunkStatus::kOk) return false;
  const proto::Schema schema = schema_of(chunk);
  require(proto::fits(schema, chunk.batch),
          "a chunk that is taken has columns of the size that its header says");
  const std::string copy = scratch_file("b.chunk", {});
  proto::write_chunk(copy, chunk.fingerprint, schema, chunk.batch);
  const proto::Chunk again = proto::read_chunk(copy);
  require(again.status == proto::ChunkStatus::kOk,
          "a chunk that is taken can be written and taken again");
  const bool same = again.fingerprint == chunk.fingerprint && again.wires == chunk.wires &&
                    again.shapes == chunk.shapes;
  require(same && testing::same_bytes(again.batch, chunk.batch), "and is then the same");
  return true;
}

}  // namespace

bool take_chunk_file(std::string_view input) {
  const bool taken = take_file(input);
  if (!taken) (void)take_file(with_right_checksums(std::string(input)));
  return taken;
}

}  // namespace millrace::fuzz
