// Plain, gzip and zstd files as pieces of bytes.
#include "datasets/io/byte_source.h"

#include <fcntl.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/lower_case.h"
#include "proto/descriptor.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + ": " + what +
                           "; fetch or compress it again, or take the ending off its name if it is "
                           "not compressed");
}

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(const fs::path& path)
      : path_(path),
        file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)),
        buffer_(kPieceBytes) {
    if (!file_.is_open()) throw proto::DiskError(path, "cannot read", errno);
    (void)::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  std::string_view next() override {
    for (;;) {
      const ssize_t got = ::read(file_.get(), buffer_.data(), buffer_.size());
      if (got >= 0) return {buffer_.data(), static_cast<std::size_t>(got)};
      if (errno != EINTR) throw proto::DiskError(path_, "cannot read", errno);
    }
  }

 private:
  fs::path path_;
  proto::Descriptor file_;
  std::vector<char> buffer_;
};

/// A gzip file may have several members, one after the other, as `cat a.gz b.gz` makes it, and
/// zeros behind a member, with which tapes and block devices fill their blocks.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(const fs::path& path) : path_(path), packed_(path), buffer_(kPieceBytes) {
    constexpr int kGzipAlone = 16 + MAX_WBITS;
    if (::inflateInit2(&stream_, kGzipAlone) != Z_OK) {
      throw std::runtime_error(path.string() + ": zlib cannot start");
    }
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::string_view next() override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    while (stream_.avail_out == buffer_.size()) {
      if (stream_.avail_in == 0 && !holds_more_ && !take()) break;
      inflate();
    }
    holds_more_ = stream_.avail_out == 0;
    return {buffer_.data(), buffer_.size() - stream_.avail_out};
  }

 private:
  /// Reads the next packed piece; false at the end of the file.
  bool take() {
    const std::string_view piece = packed_.next();
    if (piece.empty() && in_member_) refuse(path_, "the gzip file is cut short");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    return !piece.empty();
  }

  void skip_zeros() {
    Bytef* const end = stream_.next_in + stream_.avail_in;
    stream_.next_in = std::find_if(stream_.next_in, end, [](Bytef byte) { return byte != 0; });
    stream_.avail_in = static_cast<uInt>(end - stream_.next_in);
  }

  void inflate() {
    holds_more_ = false;
    if (!in_member_) {
      skip_zeros();
      if (stream_.avail_in == 0) return;
      ::inflateReset(&stream_);
      in_member_ = true;
    }
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      in_member_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      refuse(path_, std::string("not a sound gzip file (") +
                        (stream_.msg == nullptr ? "damaged" : stream_.msg) + ")");
    }
  }

  fs::path path_;
  PlainSource packed_;
  std::vector<char> buffer_;
  z_stream stream_{};
  bool in_member_ = true;    ///< at first too: an empty file is no gzip file
  bool holds_more_ = false;  ///< zlib may have output that did not fit
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(const fs::path& path)
      : path_(path), packed_(path), buffer_(ZSTD_DStreamOutSize()), stream_(ZSTD_createDStream()) {
    // Any window, as `zstd --long=31` makes it: it is memory of up to 2 GiB.
    const ZSTD_bounds window = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window.upperBound);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

  std::string_view next() override {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !flushing_ && !take()) break;
      const std::size_t result = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(result) != 0) {
        refuse(path_, std::string("not a sound zstd file (") + ZSTD_getErrorName(result) + ")");
      }
      in_frame_ = result != 0;
      flushing_ = in_frame_ && out.pos == out.size;
    }
    return {buffer_.data(), out.pos};
  }

 private:
  /// Reads the next packed piece; false at the end of the file.
  bool take() {
    const std::string_view piece = packed_.next();
    if (piece.empty() && in_frame_) refuse(path_, "the zstd file is cut short");
    in_ = {piece.data(), piece.size(), 0};
    return !piece.empty();
  }

  fs::path path_;
  PlainSource packed_;
  std::vector<char> buffer_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool in_frame_ = true;   ///< at first too: an empty file is no zstd file
  bool flushing_ = false;  ///< zstd may have output that did not fit
};

/// The pieces of a compressed file, up to the limit.
class LimitedSource final : public ByteSource {
 public:
  LimitedSource(fs::path path, std::unique_ptr<ByteSource> source, DecompressedBytes& decompressed)
      : path_(std::move(path)), source_(std::move(source)), decompressed_(decompressed) {}

  std::string_view next() override {
    const std::string_view piece = source_->next();
    decompressed_.count(piece.size(), path_);
    return piece;
  }

 private:
  fs::path path_;
  std::unique_ptr<ByteSource> source_;
  DecompressedBytes& decompressed_;
};

}  // namespace

Compression compression_of(const fs::path& path) {
  const std::string ending = base::lower_case(path.extension().string());
  if (ending == ".gz") return Compression::kGzip;
  if (ending == ".zst") return Compression::kZstd;
  return Compression::kNone;
}

fs::path without_compression(const fs::path& path) {
  return compression_of(path) == Compression::kNone ? path : fs::path(path).replace_extension();
}

std::unique_ptr<ByteSource> open_bytes(const fs::path& path, DecompressedBytes& decompressed) {
  switch (compression_of(path)) {
    case Compression::kGzip:
      return std::make_unique<LimitedSource>(path, std::make_unique<GzipSource>(path),
                                             decompressed);
    case Compression::kZstd:
      return std::make_unique<LimitedSource>(path, std::make_unique<ZstdSource>(path),
                                             decompressed);
    case Compression::kNone: break;
  }
  return std::make_unique<PlainSource>(path);
}

}  // namespace millrace::datasets
