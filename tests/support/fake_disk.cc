// The disk in memory, and its faults.
#include "tests/support/fake_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <ranges>

namespace millrace::testing {

using proto::DiskError;

namespace {

constexpr int kMostLinks = 8;

/// What is left of `now` where `before` was durable.
std::string content_after_cut(const std::string& before, const std::string& now,
                              std::mt19937_64& random) {
  if (before == now) return now;
  const std::size_t whole = random() % (now.size() + 1);
  switch (random() % 4) {
    case 0: return now;
    case 1: return before;
    case 2: return now.substr(0, whole);
    default: return now.substr(0, whole) + std::string(now.size() - whole, '\0');
  }
}

}  // namespace

FakeDisk::FakeDisk() { root_->kind = Kind::kFolder; }

// --- Faults

void FakeDisk::check_power() const {
  if (crash_at_ && operations_ >= *crash_at_) throw PowerCut{};
}

bool FakeDisk::failing(Needs needs) const {
  if (!fault_ || operations_ < fault_->from) return false;
  if (fault_->reason == ENOSPC || fault_->reason == ENOENT) return needs == Needs::kRoom;
  return fault_->reason == EROFS || needs == Needs::kSync;
}

void FakeDisk::begin(const Path& path, Needs needs, std::string_view what) {
  check_power();
  if (failing(needs)) throw DiskError(path, what, fault_->reason);
  ++operations_;
}

void FakeDisk::restart() {
  crash_at_.reset();
  locks_.clear();
}

void FakeDisk::lose_power(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  lose_power(*root_, random);
}

void FakeDisk::lose_power(Node& node, std::mt19937_64& random) {
  if (node.kind == Kind::kFile) {
    node.content = node.durable_content =
        content_after_cut(node.durable_content, node.content, random);
  }
  const std::size_t kept = random() % (node.unsynced.size() + 1);
  for (const Change& change : node.unsynced | std::views::take(kept)) {
    apply(node.durable_names, change);
  }
  node.unsynced.clear();
  node.names = node.durable_names;
  for (const auto& [name, child] : node.names) lose_power(*child, random);
}

std::uint64_t FakeDisk::used_bytes() const { return used_bytes(*root_); }

std::uint64_t FakeDisk::used_bytes(const Node& node) {
  std::uint64_t used = node.kind == Kind::kFile ? node.content.size() : 0;
  for (const auto& [name, child] : node.names) used += used_bytes(*child);
  return used;
}

void FakeDisk::flip_bit(const Path& path, std::uint64_t bit) {
  char& byte = follow(path)->content.at(bit / 8);
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
}

// --- Names

FakeDisk::NodePtr FakeDisk::find(const Path& path) const {
  const Path relative = path.lexically_normal().relative_path();
  if (relative.empty() || relative == ".") return root_;
  const NodePtr folder = follow(relative.parent_path());
  if (!folder) return nullptr;
  const auto found = folder->names.find(relative.filename().string());
  return found == folder->names.end() ? nullptr : found->second;
}

FakeDisk::NodePtr FakeDisk::follow(Path path) const {
  NodePtr node = find(path);
  for (int links = 0; node && node->kind == Kind::kLink; ++links) {
    if (links == kMostLinks || is_guarded(path)) throw DiskError(path, "cannot follow", ELOOP);
    path = path.parent_path() / node->content;
    node = find(path);
  }
  return node;
}

void FakeDisk::refuse_links_below(const Path& folder) {
  guarded_.insert(folder.lexically_normal().relative_path().string() + '/');
}

bool FakeDisk::is_guarded(const Path& path) const {
  const std::string name = path.lexically_normal().relative_path().string();
  return std::ranges::any_of(guarded_, [&](const auto& root) { return name.starts_with(root); });
}

FakeDisk::Node& FakeDisk::parent(const Path& path, std::string_view what) const {
  const NodePtr folder = follow(path.lexically_normal().parent_path());
  if (!folder) throw DiskError(path, what, ENOENT);
  if (folder->kind != Kind::kFolder) throw DiskError(path, what, ENOTDIR);
  return *folder;
}

void FakeDisk::apply(Names& names, const Change& change) {
  for (const auto& [name, node] : change) {
    if (node) {
      names[name] = node;
    } else {
      names.erase(name);
    }
  }
}

void FakeDisk::change(Node& folder, const Change& change) {
  apply(folder.names, change);
  folder.unsynced.push_back(change);
}

/// A new node under the path's name; an operation.
FakeDisk::NodePtr FakeDisk::add(const Path& path, Kind kind, std::string_view what) {
  Node& folder = parent(path, what);
  begin(path, Needs::kRoom, what);
  const auto node = std::make_shared<Node>();
  node->kind = kind;
  node->written = ++clock_;
  change(folder, {{path.filename().string(), node}});
  return node;
}

// --- Disk

std::optional<proto::SharedBytes> FakeDisk::read(const Path& path, std::size_t at_most) {
  check_power();
  const NodePtr node = follow(path);
  if (!node) return std::nullopt;
  if (node->kind != Kind::kFile) throw DiskError(path, "cannot read", EISDIR);
  ++reads_;
  const std::size_t length = std::min(node->content.size(), at_most);
  const std::shared_ptr<std::byte> memory = proto::aligned_memory(length);
  std::memcpy(memory.get(), node->content.data(), length);
  return proto::SharedBytes{memory, {memory.get(), length}};
}

void FakeDisk::write_new(const Path& path, std::span<const std::string_view> pieces) {
  if (find(path)) throw DiskError(path, "cannot write", EEXIST);
  const NodePtr node = add(path, Kind::kFile, "cannot write");
  for (const std::string_view piece : pieces) append(*node, piece, path);
}

void FakeDisk::write(const Path& path, std::span<const std::string_view> pieces) {
  NodePtr node = find(path);
  if (node && node->kind != Kind::kFile) {
    throw DiskError(path, "cannot write", node->kind == Kind::kLink ? ELOOP : EISDIR);
  }
  if (!node) {
    node = add(path, Kind::kFile, "cannot write");
  } else {
    begin(path, Needs::kRoom, "cannot write");
    node->content.clear();
  }
  for (const std::string_view piece : pieces) append(*node, piece, path);
}

void FakeDisk::append(Node& file, std::string_view piece, const Path& path) {
  check_power();
  const std::uint64_t room =
      room_bytes_ ? *room_bytes_ - std::min(*room_bytes_, used_bytes()) : piece.size();
  const std::uint64_t written =
      failing(Needs::kRoom) ? piece.size() / 2 : std::min<std::uint64_t>(room, piece.size());
  file.content += piece.substr(0, written);
  file.written = ++clock_;
  if (failing(Needs::kRoom)) throw DiskError(path, "cannot write", fault_->reason);
  if (written < piece.size()) throw DiskError(path, "cannot write", ENOSPC);
  ++operations_;
}

bool FakeDisk::create(const Path& path) {
  if (find(path)) return false;
  add(path, Kind::kFile, "cannot make");
  return true;
}

bool FakeDisk::make_folder(const Path& path) {
  if (find(path)) return false;
  add(path, Kind::kFolder, "cannot make the folder");
  return true;
}

bool FakeDisk::link(const Path& target, const Path& path) {
  if (!can_link_) return false;
  if (find(path)) throw DiskError(path, "cannot link", EEXIST);
  add(path, Kind::kLink, "cannot link")->content = target.string();
  return true;
}

std::optional<FakeDisk::Path> FakeDisk::link_target(const Path& path) {
  check_power();
  const NodePtr node = find(path);
  return node && node->kind == Kind::kLink ? std::optional<Path>(node->content) : std::nullopt;
}

void FakeDisk::rename(const Path& from, const Path& to) {
  const NodePtr node = find(from);
  if (!node) throw DiskError(to, "cannot replace", ENOENT);
  Node& source = parent(from, "cannot replace");
  Node& target = parent(to, "cannot replace");
  if (const NodePtr there = find(to); there && !there->names.empty()) {
    throw DiskError(to, "cannot replace", ENOTEMPTY);
  }
  begin(to, Needs::kNothing, "cannot replace");
  if (&source == &target) {
    change(source, {{from.filename().string(), nullptr}, {to.filename().string(), node}});
  } else {
    change(target, {{to.filename().string(), node}});
    change(source, {{from.filename().string(), nullptr}});
  }
}

bool FakeDisk::exchange(const Path& a, const Path& b) {
  if (!can_exchange_) return false;
  const NodePtr node_a = find(a);
  const NodePtr node_b = find(b);
  if (!node_a || !node_b || a.parent_path() != b.parent_path()) {
    throw DiskError(b, "cannot replace", ENOENT);
  }
  begin(b, Needs::kNothing, "cannot replace");
  change(parent(a, "cannot replace"),
         {{a.filename().string(), node_b}, {b.filename().string(), node_a}});
  return true;
}

bool FakeDisk::remove(const Path& path) {
  const NodePtr node = find(path);
  if (node && !node->names.empty()) return false;
  if (!node) return true;
  begin(path, Needs::kNothing, "cannot remove");
  change(parent(path, "cannot remove"), {{path.filename().string(), nullptr}});
  return true;
}

std::vector<std::string> FakeDisk::list(const Path& folder) {
  check_power();
  const NodePtr node = follow(folder);
  std::vector<std::string> names;
  if (node) std::ranges::copy(node->names | std::views::keys, std::back_inserter(names));
  return names;
}

std::optional<proto::DiskEntry> FakeDisk::stat(const Path& path) {
  check_power();
  const NodePtr node = is_guarded(path) ? find(path) : follow(path);
  if (!node) return std::nullopt;
  return proto::DiskEntry{node->kind == Kind::kFolder, node->content.size(), node->written};
}

void FakeDisk::sync(const Path& path) {
  begin(path, Needs::kSync, "cannot make it durable");
  const NodePtr node = follow(path);
  if (!node) throw DiskError(path, "cannot make it durable", ENOENT);
  node->durable_content = node->content;
  node->durable_names = node->names;
  node->unsynced.clear();
}

std::shared_ptr<const void> FakeDisk::lock(const Path& path) {
  NodePtr node = find(path);
  if (!node) node = add(path, Kind::kFile, "cannot lock");
  if (node->kind != Kind::kFile) throw DiskError(path, "cannot lock", ELOOP);
  std::weak_ptr<const void>& holder = locks_[node];
  if (!holder.expired()) return nullptr;
  const auto held = std::make_shared<const NodePtr>(node);
  holder = held;
  return held;
}

}  // namespace millrace::testing
