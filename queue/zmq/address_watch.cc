// Asks the name server on a thread of its own, as that may take half a minute (address_watch.h).
#include "queue/zmq/address_watch.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "queue/zmq/host_port.h"
#include "queue/zmq/zmq_transport.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookEvery{3};

bool is_number(const std::string& host) {
  in_addr address{};
  return host.starts_with('[') || ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

/// The system's reason why a name has no address; empty: it has one.
std::string resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;  // as ZeroMQ's sockets without ipv6
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (error == 0) {
    ::freeaddrinfo(found);
    return {};
  }
  return error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error);
}

/// Why there can be no socket at a path, although one may be made there later; empty: there can be.
std::string look_at(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error && error != std::errc::no_such_file_or_directory) return error.message();
  if (fs::exists(status)) return fs::is_socket(status) ? "" : "what lies there is no socket";
  const fs::path folder = fs::absolute(path).parent_path();
  return fs::is_directory(folder, error) ? "" : "there is no folder " + folder.string();
}

}  // namespace

/// A question to the name server, shared with the thread that waits for its answer.
struct AddressWatch::Lookup {
  std::mutex mutex;
  std::optional<std::string> reason;
};

AddressWatch::AddressWatch(std::string address) : address_(std::move(address)) {
  const std::string tcp = tcp_transport().prefix();
  const std::string ipc = ipc_transport().prefix();
  if (address_.starts_with(tcp)) {
    const std::string host = split_host_port(address_.substr(tcp.size())).host;
    if (!is_number(host)) host_ = host;
  } else if (address_.starts_with(ipc) && !address_.starts_with(ipc + "@")) {
    path_ = address_.substr(ipc.size());
  }
  done_ = host_.empty() && path_.empty();
}

AddressWatch::~AddressWatch() = default;

void AddressWatch::look(Time now) {
  if (lookup_) {
    const std::shared_ptr<Lookup> lookup = lookup_;
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->reason) return;
    set_reason(lookup->reason->empty() ? "" : host_ + ": " + *lookup->reason);
    lookup_.reset();
    next_ = now + kLookEvery;
  }
  if (done_ || now < next_) return;
  next_ = now + kLookEvery;
  if (!path_.empty()) return set_reason(look_at(path_));
  lookup_ = std::make_shared<Lookup>();
  // Not joined: it may still wait when the program ends.
  std::thread([lookup = lookup_, host = host_] {
    std::string reason = resolve(host);
    const std::lock_guard lock(lookup->mutex);
    lookup->reason = std::move(reason);
  }).detach();
}

void AddressWatch::set_reason(const std::string& reason) {
  if (!reason.empty() && reason != reason_) {
    spdlog::warn("{}: {}; trying again, as it may come up later; if not, check queue.uri", address_,
                 reason);
  }
  if (reason.empty() && !reason_.empty()) spdlog::info("{}: it can be found now", address_);
  done_ = reason.empty() && path_.empty();
  reason_ = reason;
}

}  // namespace millrace::queue
