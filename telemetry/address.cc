// Parsing watch.address (address.h).
#include "telemetry/address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <stdexcept>
#include <string_view>

namespace millrace::telemetry {
namespace {

namespace ip = boost::asio::ip;

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw std::invalid_argument("watch.address '" + text + "' " + why +
                              "; it is HOST:PORT such as 127.0.0.1:9100 or [::1]:9100");
}

std::uint16_t port_of(const std::string& text, std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    refuse(text, "has no port from 0 to 65535");
  }
  return port;
}

/// 127.0.0.1 for "localhost"; "[::1]" without its brackets.
std::string numeric(const std::string& host) {
  if (host == "localhost") return "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  return host;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

Address parse_address(const std::string& text, bool exposed) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) refuse(text, "has no port");
  const Address address{numeric(text.substr(0, colon)),
                        port_of(text, std::string_view(text).substr(colon + 1))};
  boost::system::error_code error;
  const ip::address host = ip::make_address(address.host, error);
  if (error || host.is_v6() != text.starts_with('[')) refuse(text, "has no numeric host");
  if (host.is_loopback() || exposed) return address;
  throw std::invalid_argument(
      "watch.address '" + text +
      "' can be reached by others, and the port asks nobody who they are; use 127.0.0.1, or set "
      "watch.exposed = true in a network you trust");
}

bool is_own_host(std::string_view host, std::string_view machine) {
  const bool v6 = host.starts_with('[');
  const std::string_view name =
      v6 ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(name), error);
  if (!error || v6) return !error && address.is_v6() == v6;
  const auto is = [&](std::string_view own) {
    return !own.empty() && std::ranges::equal(name, own, {}, lower, lower);
  };
  return is("localhost") || is(machine) || is(machine.substr(0, machine.find('.')));
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace millrace::telemetry
