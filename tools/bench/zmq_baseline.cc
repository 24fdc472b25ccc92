// A ROUTER and a DEALER that exchange batches.
#include "tools/bench/zmq_baseline.h"

#include <cstring>
#include <future>
#include <span>
#include <stdexcept>
#include <zmq.hpp>

#include "proto/digest.h"
#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

using Columns = std::vector<proto::SharedBytes>;

/// As many as LeaseBook gives a fast producer of one thread.
constexpr std::uint64_t kLeasesOpen = 4;
/// Batches before the clock starts.
constexpr std::uint64_t kWarmUp = 16;
constexpr int kGiveUpAfter_ms = 10'000;
/// Sizes of the protocol's frames: magic and checksum, a Lease, a BatchInfo of two columns.
constexpr std::size_t kMagicBytes = 16;
constexpr std::size_t kLeaseBytes = 24;
constexpr std::size_t kHeaderBytes = 80;

struct Side {
  Side(zmq::socket_type type, const std::string& address) : context(1), socket(context, type) {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, kGiveUpAfter_ms);
    socket.set(zmq::sockopt::sndtimeo, kGiveUpAfter_ms);
    type == zmq::socket_type::router ? socket.bind(address) : socket.connect(address);
  }

  zmq::message_t receive() {
    zmq::message_t message;
    if (!socket.recv(message)) throw std::runtime_error("the bare ZeroMQ loop stands still");
    return message;
  }
  void send(zmq::message_t message, bool more) {
    if (!socket.send(message, more ? zmq::send_flags::sndmore : zmq::send_flags::none)) {
      throw std::runtime_error("the bare ZeroMQ loop takes nothing");
    }
  }

  zmq::context_t context;
  zmq::socket_t socket;
};

/// A message that views `column`, which must outlive it.
zmq::message_t view_of(const proto::SharedBytes& column) {
  return {const_cast<std::byte*>(column.bytes.data()), column.bytes.size(), [](void*, void*) {},
          nullptr};
}

void answer(Side& producer, const Columns& columns) {
  static_cast<void>(producer.receive());
  static_cast<void>(producer.receive());
  std::vector<std::uint64_t> header = proto::checksums(columns);
  header.resize(kHeaderBytes / sizeof(std::uint64_t));
  producer.send(zmq::message_t(kMagicBytes), true);
  producer.send(zmq::message_t(header.data(), kHeaderBytes), true);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    producer.send(view_of(columns[i]), i + 1 < columns.size());
  }
}

void produce(const std::string& address, const Columns& columns, std::uint64_t batches) {
  Side producer(zmq::socket_type::dealer, address);
  producer.send({}, false);
  for (std::uint64_t i = 0; i < batches; ++i) answer(producer, columns);
  static_cast<void>(producer.receive());  // everything sent has arrived
}

class Consumer {
 public:
  explicit Consumer(const std::string& address) : side_(zmq::socket_type::router, address) {}

  [[nodiscard]] std::string bound_address() const {
    return side_.socket.get(zmq::sockopt::last_endpoint);
  }
  void wait_for_stream() {
    peer_ = side_.receive().to_string();
    static_cast<void>(side_.receive());
  }
  void lease() {
    side_.send(zmq::message_t(peer_), true);
    side_.send(zmq::message_t(kMagicBytes), true);
    side_.send(zmq::message_t(kLeaseBytes), false);
  }
  void receive() {
    static_cast<void>(side_.receive());
    static_cast<void>(side_.receive());
    const zmq::message_t header = side_.receive();
    std::vector<zmq::message_t> messages;
    Columns columns;
    do {
      messages.push_back(side_.receive());
      columns.push_back({nullptr, {messages.back().data<std::byte>(), messages.back().size()}});
    } while (messages.back().more());
    const std::vector<std::uint64_t> sums = proto::checksums(columns);
    if (std::memcmp(sums.data(), header.data(), std::span(sums).size_bytes()) != 0) {
      throw std::runtime_error("the bare ZeroMQ loop changed a byte");
    }
  }

 private:
  Side side_;
  std::string peer_;
};

std::uint64_t size_of(const Columns& columns) {
  std::uint64_t bytes = 0;
  for (const proto::SharedBytes& column : columns) bytes += column.bytes.size();
  return bytes;
}

}  // namespace

double zmq_baseline_bytes_per_s(const std::string& address, const Columns& columns,
                                std::uint64_t bytes) {
  const std::uint64_t batch_bytes = size_of(columns);
  const std::uint64_t batches = (bytes + batch_bytes - 1) / batch_bytes;
  const std::uint64_t all = kWarmUp + batches;
  Consumer consumer(address);
  std::future<void> producing =
      std::async(std::launch::async, produce, consumer.bound_address(), columns, all);
  consumer.wait_for_stream();
  for (std::uint64_t i = 0; i < kLeasesOpen; ++i) consumer.lease();
  auto start = Clock::now();
  for (std::uint64_t i = 0; i < all; ++i) {
    if (i == kWarmUp) start = Clock::now();
    consumer.receive();
    if (i + kLeasesOpen < all) consumer.lease();
  }
  const double seconds = seconds_since(start);
  consumer.lease();  // tells the producer to end
  producing.get();
  return static_cast<double>(batches * batch_bytes) / seconds;
}

}  // namespace millrace::tools
