// Reads blocks of files (content_probe.h).
#include "datasets/sources/content_probe.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "datasets/io/probe_blocks.h"
#include "proto/descriptor.h"
#include "proto/digest.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

/// Reads parts of a file, which is opened at the first.
class PartsOf {
 public:
  explicit PartsOf(const SourceFile& file) : file_(file) {}

  /// Adds `bytes` bytes from offset `at` on, or as many as there are.
  void add(std::uint64_t at, std::uint64_t bytes, proto::Digest& digest) {
    if (!opened_.is_open()) open();
    std::array<std::byte, kProbeBlockBytes> block;
    while (bytes > 0) {
      const ssize_t got = ::pread(opened_.get(), block.data(), std::min(bytes, kProbeBlockBytes),
                                  static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw proto::DiskError(file_.path, "cannot read", errno);
      if (got == 0) return;
      const auto count = static_cast<std::uint64_t>(got);
      digest.update(std::span(block).first(count));
      at += count;
      bytes -= count;
    }
  }

 private:
  void open() {
    opened_ = proto::Descriptor(::open(file_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened_.is_open()) throw proto::DiskError(file_.path, "cannot read", errno);
  }

  const SourceFile& file_;
  proto::Descriptor opened_;
};

}  // namespace

std::string content_probe(std::span<const SourceFile> files) {
  std::uint64_t total = 0;
  for (const SourceFile& each : files) total += each.bytes;
  proto::Digest digest;
  const bool is_small = is_probed_whole(total);
  std::uint64_t begin = 0;  // of the file, in all
  std::uint64_t block = 0;
  for (const SourceFile& each : files) {
    PartsOf parts(each);
    if (is_small && each.bytes > 0) parts.add(0, each.bytes, digest);
    for (; !is_small && block < kProbeBlocks; ++block) {
      const std::uint64_t at = probe_block_at(total, block);
      if (at >= begin + each.bytes) break;
      parts.add(at - begin, kProbeBlockBytes, digest);
    }
    begin += each.bytes;
  }
  return proto::hex16(digest.value());
}

}  // namespace millrace::datasets
