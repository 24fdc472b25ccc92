// A Disk in memory that can be full, fail, and lose its power between any two operations.
//
// A power cut keeps the content of files that were synced, and the names in folders that were
// synced. A file written since then has the new content, the old one, or the beginning of the new
// one, with zeros or nothing behind it. A folder changed since then has the first few changes, in
// order; a rename or an exchange within a folder is one change. A seed chooses among these. Folders
// are independent of each other.
//
// The path "a/../b" is b. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/disk.h"

namespace millrace::testing {

/// Thrown by the operation before which the power was cut, and by every later one until restart().
struct PowerCut {};

class FakeDisk : public proto::Disk {
 public:
  using Path = std::filesystem::path;

  FakeDisk();

  // --- Faults. Operations are those that change the disk; each piece of a write counts as one.

  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  /// Number of files read so far.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  /// The process ends, or the power is cut, after `operations` more operations.
  void crash_after(std::uint64_t operations) { crash_at_ = operations_ + operations; }
  /// Applies a power cut to the content. Without it only the process has died, and the disk keeps
  /// everything.
  void lose_power(std::uint64_t seed);
  /// Makes operations work again, and frees locks.
  void restart();

  /// After `operations` more operations, all fail that can fail with this errno, until heal().
  /// ENOSPC and ENOENT (the folder is gone): operations that need room; a write stops within a
  /// piece. EIO: syncs. EROFS: everything.
  void fail_after(std::uint64_t operations, int reason) {
    fault_ = {operations_ + operations, reason};
  }
  void heal() { fault_ = {}; }
  /// The most bytes that all files together may have; a write beyond that fails with ENOSPC.
  void set_room(std::uint64_t bytes) { room_bytes_ = bytes; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  void flip_bit(const Path& path, std::uint64_t bit);
  /// Makes exchange() fail, as on a file system that cannot swap two names.
  void forbid_exchange() { can_exchange_ = false; }
  /// Makes link() fail, as on a file system without symbolic links.
  void forbid_links() { can_link_ = false; }

  // --- Disk

  void refuse_links_below(const Path& folder) override;
  [[nodiscard]] std::optional<proto::SharedBytes> read(const Path& path,
                                                       std::size_t at_most) override;
  void write_new(const Path& path, std::span<const std::string_view> pieces) override;
  void write(const Path& path, std::span<const std::string_view> pieces) override;
  [[nodiscard]] bool create(const Path& path) override;
  bool make_folder(const Path& path) override;
  [[nodiscard]] bool link(const Path& target, const Path& path) override;
  [[nodiscard]] std::optional<Path> link_target(const Path& path) override;
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
  /// Names that change together; null: the name is removed.
  using Change = std::vector<std::pair<std::string, NodePtr>>;

  enum class Kind : std::uint8_t { kFile, kFolder, kLink };
  struct Node {
    Kind kind = Kind::kFile;
    std::string content;  ///< of a file; of a link: its target
    std::string durable_content;
    Names names;  ///< of a folder
    Names durable_names;
    std::vector<Change> unsynced;
    std::int64_t written = 0;  ///< time of the last write, as a count
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
  /// The node of a path, or null. follow() follows links.
  [[nodiscard]] NodePtr find(const Path& path) const;
  [[nodiscard]] NodePtr follow(Path path) const;
  /// Whether links are refused there.
  [[nodiscard]] bool is_guarded(const Path& path) const;
  [[nodiscard]] Node& parent(const Path& path, std::string_view what) const;
  static void apply(Names& names, const Change& change);
  static void change(Node& folder, const Change& change);
  NodePtr add(const Path& path, Kind kind, std::string_view what);
  void append(Node& file, std::string_view piece, const Path& path);
  static std::uint64_t used_bytes(const Node& node);
  static void lose_power(Node& node, std::mt19937_64& random);

  NodePtr root_ = std::make_shared<Node>();
  std::set<std::string> guarded_;  ///< folders below which links are refused, each with a '/'
  std::uint64_t operations_ = 0;
  std::uint64_t reads_ = 0;
  std::int64_t clock_ = 0;
  std::optional<std::uint64_t> crash_at_;
  std::optional<Fault> fault_;
  std::optional<std::uint64_t> room_bytes_;
  bool can_exchange_ = true;
  bool can_link_ = true;
  std::map<NodePtr, std::weak_ptr<const void>> locks_;
};

}  // namespace millrace::testing
