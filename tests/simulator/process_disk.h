// A disk as one process sees it. A process that was killed changes nothing on it any more, not even
// in destructors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proto/disk.h"

namespace millrace::simulator {

/// Thrown by the operation before which the process was killed, and by every one after it.
struct Killed {};

class ProcessDisk final : public proto::Disk {
 public:
  using Path = std::filesystem::path;

  explicit ProcessDisk(proto::Disk& disk) : disk_(disk) {}

  /// kill −9 after the next `operations` operations that change the disk.
  void kill_after(std::uint64_t operations) { left_ = operations; }
  /// The process is gone; from now on every operation does nothing, so that its objects can be
  /// destroyed.
  void bury() { buried_ = true; }

  [[nodiscard]] std::optional<proto::SharedBytes> read(const Path& path,
                                                       std::size_t at_most) override {
    if (!is_there()) return std::nullopt;
    return disk_.read(path, at_most);
  }
  void refuse_links_below(const Path& folder) override {
    if (is_there()) disk_.refuse_links_below(folder);
  }
  void write_new(const Path& path, std::span<const std::string_view> pieces) override {
    if (lives()) disk_.write_new(path, pieces);
  }
  void write(const Path& path, std::span<const std::string_view> pieces) override {
    if (lives()) disk_.write(path, pieces);
  }
  [[nodiscard]] bool create(const Path& path) override { return lives() && disk_.create(path); }
  bool make_folder(const Path& path) override { return lives() && disk_.make_folder(path); }
  [[nodiscard]] bool link(const Path& target, const Path& path) override {
    return !lives() || disk_.link(target, path);
  }
  [[nodiscard]] std::optional<Path> link_target(const Path& path) override {
    if (!is_there()) return std::nullopt;
    return disk_.link_target(path);
  }
  void rename(const Path& from, const Path& to) override {
    if (lives()) disk_.rename(from, to);
  }
  [[nodiscard]] bool exchange(const Path& a, const Path& b) override {
    return lives() && disk_.exchange(a, b);
  }
  bool remove(const Path& path) override { return !lives() || disk_.remove(path); }
  [[nodiscard]] std::vector<std::string> list(const Path& folder) override {
    if (!is_there()) return {};
    return disk_.list(folder);
  }
  [[nodiscard]] std::optional<proto::DiskEntry> stat(const Path& path) override {
    if (!is_there()) return std::nullopt;
    return disk_.stat(path);
  }
  void sync(const Path& path) override {
    if (lives()) disk_.sync(path);
  }
  [[nodiscard]] std::shared_ptr<const void> lock(const Path& path) override {
    if (!is_there()) return nullptr;
    return disk_.lock(path);
  }

 private:
  /// False: it was buried. Throws Killed if it was killed and is not buried yet.
  bool is_there() const {
    if (killed_ && !buried_) throw Killed{};
    return !buried_;
  }
  bool lives() {
    if (!buried_ && left_ && (*left_)-- == 0) killed_ = true;
    return is_there();
  }

  proto::Disk& disk_;
  std::optional<std::uint64_t> left_;
  bool killed_ = false;
  bool buried_ = false;
};

}  // namespace millrace::simulator
