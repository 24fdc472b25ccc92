// The book of connections (connection_table.h).
#include "queue/zmq/connection_table.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

namespace millrace::queue {
namespace {

constexpr std::uint64_t kKeptBack = 256;

std::uint64_t open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  return error ? 0 : static_cast<std::uint64_t>(std::distance(begin(open), end(open)));
}

}  // namespace

ConnectionLimits connection_limits() {
  ConnectionLimits limits;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return limits;
  const std::uint64_t all = descriptors.rlim_cur;
  const std::uint64_t taken = open_descriptors() + std::min(kKeptBack, all / 4);
  limits.in_all = std::clamp<std::uint64_t>(all > taken ? all - taken : 0, 1, limits.in_all);
  return limits;
}

void ConnectionTable::add(int fd, const std::string& address) {
  remove(fd);
  const std::uint64_t number = accepted_++;
  connections_[fd] = {address, number};
  strangers_[number] = fd;
  Address& from = addresses_[address];
  ++from.connections;
  from.strangers[number] = fd;
}

void ConnectionTable::remove(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  forget_stranger(found->second);
  const auto from = addresses_.find(found->second.address);
  if (--from->second.connections == 0) addresses_.erase(from);
  connections_.erase(found);
}

bool ConnectionTable::trust(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return false;
  if (!std::exchange(found->second.trusted, true)) forget_stranger(found->second);
  return true;
}

bool ConnectionTable::is_trusted(int fd) const {
  const auto found = connections_.find(fd);
  return found != connections_.end() && found->second.trusted;
}

void ConnectionTable::forget_stranger(const Connection& connection) {
  strangers_.erase(connection.number);
  addresses_.at(connection.address).strangers.erase(connection.number);
}

std::optional<ConnectionTable::Excess> ConnectionTable::excess(const std::string& address) const {
  const auto oldest = [](const ByAge& strangers, Limit limit) -> std::optional<Excess> {
    if (strangers.empty()) return std::nullopt;
    return Excess{strangers.begin()->second, limit};
  };
  if (const auto from = addresses_.find(address); from != addresses_.end()) {
    const auto& [connections, strangers] = from->second;
    if (strangers.size() > limits_.strangers_per_address) {
      return oldest(strangers, Limit::kStrangersPerAddress);
    }
    if (connections > limits_.per_address) return oldest(strangers, Limit::kPerAddress);
  }
  if (connections_.size() > limits_.in_all) return oldest(strangers_, Limit::kInAll);
  return std::nullopt;
}

}  // namespace millrace::queue
