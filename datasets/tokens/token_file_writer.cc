// Buffered writing of token ids.
#include "datasets/tokens/token_file_writer.h"

#include <fcntl.h>

#include <cerrno>
#include <stdexcept>

#include "proto/files.h"
#include "proto/shared_bytes.h"

namespace millrace::datasets {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint32_t kLargestU16 = 0xFFFF;

}  // namespace

TokenFileWriter::TokenFileWriter(std::filesystem::path path, proto::WireType width)
    : path_(std::move(path)), temporary_(proto::temporary_name(path_)), width_(width) {
  file_ =
      proto::Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_.is_open()) throw proto::DiskError(path_, "cannot write", errno);
}

TokenFileWriter::~TokenFileWriter() {
  if (!finished_) proto::try_remove_all(temporary_, proto::real_disk());
}

void TokenFileWriter::append(std::span<const std::uint32_t> ids) {
  for (const std::uint32_t id : ids) {
    if (width_ == proto::WireType::kU16 && id > kLargestU16) {
      throw std::invalid_argument("token id " + std::to_string(id) +
                                  " does not fit into a file of u16");
    }
    for (std::size_t byte = 0; byte < proto::width(width_); ++byte) {
      buffer_.push_back(static_cast<std::byte>(id >> (8 * byte)));
    }
    if (buffer_.size() >= kBufferBytes) {
      flush();
    }
  }
  size_ += ids.size();
}

void TokenFileWriter::flush() {
  digest_.update(buffer_);
  proto::write_all(file_.get(), proto::text(buffer_), path_);
  buffer_.clear();
}

std::string TokenFileWriter::finish() {
  flush();
  proto::real_disk().sync(temporary_);
  proto::real_disk().rename(temporary_, path_);
  finished_ = true;
  return proto::hex16(digest_.value());
}

}  // namespace millrace::datasets
