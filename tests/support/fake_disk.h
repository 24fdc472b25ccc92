// A disk in memory that can be full, break, and lose its power between any two operations. An
// ordinary Disk otherwise: what runs on it cannot tell.
//
// What a power cut leaves: the content of files that were synced, and the names of folders that
// were synced. Of a file written since, the new content, the old one, or a part of the new one with
// zeros or nothing behind it. Of a folder's names changed since, the first so many changes, in
// their order; a rename or exchange within one folder is one change. A seed chooses. Folders are
// independent of each other.
//
// "a/../b" is taken for b. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "proto/disk.h"

namespace millrace::testing {

/// Thrown by the operation before which the power went, and by every later one until restart().
struct PowerCut {};

class FakeDisk final : public proto::Disk {
 public:
  using Path = std::filesystem::path;

  FakeDisk();

  // --- What can go wrong. An operation is one that changes the disk; every piece of a write is one of its own.

  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  /// The process ends, or the power goes, before the operation after the next `operations`.
  void crash_after(std::uint64_t operations) { crash_at_ = operations_ + operations; }
  /// What the disk has after a power cut. Without it, a crash is one of the process alone and the
  /// disk keeps everything.
  void lose_power(std::uint64_t seed);
  /// Operations work again, and locks are free.
  void restart();

  /// After so many operations all that can fail with this errno do, until heal(): ENOSPC what needs
  /// room (of a write, the last piece that has some is cut short), ENOENT the same (its folder is
  /// gone), EIO syncs, EROFS everything.
  void fail_after(std::uint64_t operations, int reason) {
    fault_ = {operations_ + operations, reason};
  }
  void heal() { fault_ = {}; }
  /// Bytes that all files together may have; a write beyond fails with ENOSPC.
  void set_room(std::uint64_t bytes) { room_bytes_ = bytes; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  void flip_bit(const Path& path, std::uint64_t bit);
  /// As on a file system that cannot swap two names.
  void forbid_exchange() { can_exchange_ = false; }

  // --- Disk

  [[nodiscard]] std::optional<proto::SharedBytes> read(const Path& path,
                                                       std::size_t at_most) override;
  void write(const Path& path, std::span<const std::string_view> pieces) override;
  [[nodiscard]] bool create(const Path& path) override;
  bool make_folder(const Path& path) override;
  void link(const Path& target, const Path& path) override;
  void rename(const Path& from, const Path& to) override;
  [[nodiscard]] bool exchange(const Path& a, const Path& b) override;
  bool remove(const Path& path) override;
  [[nodiscard]] std::vector<std::string> list(const Path& folder) override;
  [[nodiscard]] std::optional<proto::DiskEntry> stat(const Path& path) override;
  void sync(const Path& path) override;
  [[nodiscard]] std::shared_ptr<const void> lock(const Path& path) override;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;
  /// Names that change together; null: the name goes.
  using Change = std::vector<std::pair<std::string, NodePtr>>;

  enum class Kind : std::uint8_t { kFile, kFolder, kLink };
  struct Node {
    Kind kind = Kind::kFile;
    std::string content;  ///< of a file; of a link, where to
    std::string durable_content;
    Names names;  ///< of a folder
    Names durable_names;
    std::vector<Change> unsynced;
    std::int64_t written = 0;  ///< a count
  };
  struct Fault {
    std::uint64_t from = 0;
    int reason = 0;
  };
  enum class Needs : std::uint8_t { kRoom, kNothing, kSync };

  /// The start of an operation.
  void begin(const Path& path, Needs needs, std::string_view what);
  void check_power() const;
  [[nodiscard]] bool failing(Needs needs) const;
  /// Null: nothing there. follow() looks behind a link.
  [[nodiscard]] NodePtr find(const Path& path) const;
  [[nodiscard]] NodePtr follow(Path path) const;
  [[nodiscard]] Node& parent(const Path& path, std::string_view what) const;
  static void apply(Names& names, const Change& change);
  static void change(Node& folder, const Change& change);
  NodePtr add(const Path& path, Kind kind, std::string_view what);
  void append(Node& file, std::string_view piece, const Path& path);
  static std::uint64_t used_bytes(const Node& node);
  static void lose_power(Node& node, std::mt19937_64& random);

  NodePtr root_ = std::make_shared<Node>();
  std::uint64_t operations_ = 0;
  std::int64_t clock_ = 0;
  std::optional<std::uint64_t> crash_at_;
  std::optional<Fault> fault_;
  std::optional<std::uint64_t> room_bytes_;
  bool can_exchange_ = true;
  std::map<NodePtr, std::weak_ptr<const void>> locks_;
};

}  // namespace millrace::testing
