// One thread that writes files, and one that reads them.
#include "tools/bench/plain_files.h"

#include <chrono>
#include <future>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>

#include "proto/disk.h"
#include "proto/files.h"
#include "queue/ends/mailbox.h"
#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kGiveUpAfter{10};

using Written = queue::Mailbox<std::filesystem::path>;

void read_one(const std::filesystem::path& path) {
  const auto content = proto::real_disk().read(path, proto::Disk::kAll);
  if (!content) throw std::runtime_error(path.string() + ": it was written and is not there");
  proto::real_disk().remove(path);
}

}  // namespace

double plain_files_bytes_per_s(const PlainFiles& files, std::uint64_t bytes) {
  const std::string content(files.file_bytes, 'x');
  const std::uint64_t count = (bytes + files.file_bytes - 1) / files.file_bytes;
  std::counting_semaphore room(static_cast<std::ptrdiff_t>(files.ahead));
  Written written;
  const auto write_all = [&] {
    const std::shared_ptr<void> closing(nullptr, [&](void*) { written.close(); });
    for (std::uint64_t i = 0; i < count && room.try_acquire_for(kGiveUpAfter); ++i) {
      const std::filesystem::path path = files.folder / std::to_string(i);
      proto::replace_file(path, content);
      written.put(path);
    }
  };
  const auto start = Clock::now();
  std::future<void> writing = std::async(std::launch::async, write_all);
  while (const auto path = written.take(kGiveUpAfter)) {
    read_one(*path);
    room.release();
  }
  writing.get();
  return static_cast<double>(count * files.file_bytes) / seconds_since(start);
}

}  // namespace millrace::tools
