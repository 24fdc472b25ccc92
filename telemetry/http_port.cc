// The HTTP server (http_port.h): Boost.Beast on one thread. Beast, because it is headers only,
// limits a request before it allocates memory for it, and has one deadline for a whole request,
// however slowly its bytes come.
#include "telemetry/http_port.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <deque>
#include <exception>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/text.h"

namespace millrace::telemetry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTryAgainAfter{100};

using Request = http::request_parser<http::empty_body>;
using Answer = http::response<http::string_body>;

Page plain(http::status status, std::string text) {
  return {static_cast<int>(status), "text/plain; charset=utf-8", text + "\n"};
}

std::string machine_name() {
  error_code error;
  return asio::ip::host_name(error);
}

bool is_for_this_machine(const Request::value_type& request, const std::string& machine) {
  const auto [first, last] = request.equal_range(http::field::host);
  return std::all_of(first, last, [&](const auto& field) {
    return is_own_host({field.value().data(), field.value().size()}, machine);
  });
}

Page page_for(const Pages& pages, const Request::value_type& request, const std::string& machine) {
  if (!is_for_this_machine(request, machine)) {
    return plain(http::status::misdirected_request,
                 "this port is not known by that name: use its IP address, localhost, or " +
                     (machine.empty() ? "[::1]" : machine));
  }
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return plain(http::status::method_not_allowed, "only GET is answered");
  }
  const auto path = request.target().substr(0, request.target().find('?'));
  const auto found = pages.find(std::string(path));
  if (found == pages.end()) {
    return plain(http::status::not_found, "there are " + base::joined(std::views::keys(pages)));
  }
  try {
    return found->second();
  } catch (const std::exception& error) {
    return plain(http::status::internal_server_error, error.what());
  }
}

Answer answer_to(const Pages& pages, const Request::value_type& request,
                 const std::string& machine) {
  const Page page = page_for(pages, request, machine);
  Answer answer(static_cast<http::status>(page.status), request.version());
  answer.set(http::field::content_type, page.content_type);
  if (page.status == static_cast<int>(http::status::method_not_allowed)) {
    answer.set(http::field::allow, "GET, HEAD");
  }
  answer.set(http::field::connection, "close");
  answer.content_length(page.body.size());
  if (request.method() != http::verb::head) answer.body() = page.body;
  return answer;
}

/// One request and its answer. Keeps itself alive until both are done or their time is over.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Pages& pages, const std::string& machine)
      : stream_(std::move(socket)), pages_(pages), machine_(machine) {
    request_.header_limit(kMaxRequestBytes);
  }

  /// To be called once, and then close() at any time.
  void start() {
    stream_.expires_after(kMaxRequestTime);
    http::async_read_header(stream_, buffer_, request_,
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->answer();
                            });
  }

  void close() { stream_.close(); }

 private:
  void answer() {
    answer_ = answer_to(pages_, request_.get(), machine_);
    http::async_write(stream_, answer_, [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  const Pages& pages_;
  const std::string& machine_;
  beast::flat_buffer buffer_{kMaxRequestBytes};
  Request request_;
  Answer answer_;
};

tcp::acceptor listen(asio::io_context& context, const Address& address) {
  const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
  try {
    return tcp::acceptor(context, endpoint, /*reuse_addr=*/true);
  } catch (const boost::system::system_error& error) {
    const bool taken = error.code() == asio::error::address_in_use;
    throw std::runtime_error("cannot listen at watch.address " + to_string(address) + ": " +
                             error.code().message() +
                             (taken ? "; choose another port, or port 0 for any that is free"
                                    : "; check --watch.address"));
  }
}

}  // namespace

/// Everything except constructor, destructor and address() runs on the thread.
class HttpPort::Server {
 public:
  Server(const Address& address, Pages pages)
      : pages_(std::move(pages)),
        acceptor_(listen(context_, address)),
        address_{address.host, acceptor_.local_endpoint().port()},
        pause_(context_),
        thread_([this] { run(); }) {}

  ~Server() {
    context_.stop();
    thread_.join();
  }

  const Address& address() const { return address_; }

 private:
  void run() {
    accept();
    context_.run();
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return accept_later();
      open(std::move(socket));
      accept();
    });
  }

  /// After an error: the system is out of something, e.g. of file descriptors.
  void accept_later() {
    pause_.expires_after(kTryAgainAfter);
    pause_.async_wait([this](error_code) { accept(); });
  }

  /// Ends the oldest connection where one more than may be are open.
  void open(tcp::socket socket) {
    std::erase_if(open_, [](const auto& connection) { return connection.expired(); });
    if (open_.size() == kMaxConnections) {
      if (const auto oldest = open_.front().lock()) oldest->close();
      open_.pop_front();
    }
    const auto connection = std::make_shared<Connection>(std::move(socket), pages_, machine_);
    open_.push_back(connection);
    connection->start();
  }

  const Pages pages_;
  const std::string machine_ = machine_name();
  std::deque<std::weak_ptr<Connection>> open_;  ///< the oldest first
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  const Address address_;
  asio::steady_timer pause_;
  std::thread thread_;  // last: it uses all of the above
};

HttpPort::HttpPort(const Address& address, Pages pages)
    : server_(std::make_unique<Server>(address, std::move(pages))) {}
HttpPort::~HttpPort() = default;
const Address& HttpPort::address() const { return server_->address(); }

}  // namespace millrace::telemetry
