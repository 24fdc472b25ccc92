// The allow-list of public keys (allow_list.h).
#include "queue/zmq/allow_list.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>
#include <utility>

#include "queue/zmq/keys.h"

namespace millrace::queue {
namespace {

constexpr const char* kZapAddress = "inproc://zeromq.zap.01";
constexpr std::size_t kMostKeysNamed = 16;  // in the log: a stranger can make up any number

// The frames of a request: version, request id, domain, address, routing id, mechanism, then the
// key.
constexpr std::size_t kVersion = 0, kRequestId = 1, kDomain = 2, kMechanism = 5, kKey = 6,
                      kRequestFrames = 7;
constexpr std::size_t kKeyBytes = 32;

std::string z85(const zmq::message_t& key) {
  std::array<char, 41> text{};
  zmq_z85_encode(text.data(), key.data<std::uint8_t>(), key.size());
  return text.data();
}

}  // namespace

AllowList::AllowList(zmq::context_t& context, std::set<std::string> keys)
    : keys_(std::move(keys)), socket_(context, zmq::socket_type::rep) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind(kZapAddress);
  thread_ = std::thread([this] { run(); });
}

AllowList::~AllowList() {
  stopping_ = true;
  wake_up_.notify();
  thread_.join();
}

void AllowList::run() {
  std::array<zmq::pollitem_t, 2> items = {
      {{nullptr, wake_up_.fd(), ZMQ_POLLIN, 0}, {socket_.handle(), 0, ZMQ_POLLIN, 0}}};
  while (!stopping_) {
    try {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
      answer_all();
    } catch (const zmq::error_t& error) {
      if (error.num() == EINTR) continue;
      spdlog::error("the check of keys failed and admits nobody from now on: {}", error.what());
      return;
    }
  }
}

void AllowList::answer_all() {
  while (!stopping_) {
    std::vector<zmq::message_t> request;
    do {
      zmq::message_t frame;
      if (!socket_.recv(frame, zmq::recv_flags::dontwait)) return;
      request.push_back(std::move(frame));
    } while (request.back().more());
    answer(request);
  }
}

void AllowList::answer(const std::vector<zmq::message_t>& request) {
  const std::string key = admitted_key(request);
  const bool admitted = !key.empty();
  const std::string id = request.size() > kRequestId ? request[kRequestId].to_string() : "";
  const std::array<std::string, 6> reply = {
      "1.0", id, admitted ? "200" : "400", admitted ? "" : "not on the allow-list", key, ""};
  for (std::size_t i = 0; i < reply.size(); ++i) {
    const auto more = i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    socket_.send(zmq::buffer(reply[i]), more | zmq::send_flags::dontwait);
  }
}

std::string AllowList::admitted_key(const std::vector<zmq::message_t>& request) {
  if (request.size() != kRequestFrames || request[kVersion].to_string_view() != "1.0" ||
      request[kDomain].to_string_view() != kZapDomain ||
      request[kMechanism].to_string_view() != "CURVE" || request[kKey].size() != kKeyBytes) {
    return {};
  }
  std::string key = z85(request[kKey]);
  if (keys_.contains(key)) return key;
  report(key);
  return {};
}

void AllowList::report(const std::string& key) {
  const std::string fingerprint = key_fingerprint(key);
  if (reported_.size() >= kMostKeysNamed || !reported_.insert(fingerprint).second) return;
  spdlog::warn(
      "turned away a peer whose key (fingerprint {}) is not allowed; if it is yours, add its "
      "public key to queue.allowed_keys",
      fingerprint);
}

}  // namespace millrace::queue
