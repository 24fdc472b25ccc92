// Parsing HOST:PORT (host_port.h).
#include "queue/zmq/host_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/text.h"

namespace millrace::queue {

HostPort split_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) {
    return {text, {}};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string_view host_port_error(std::string_view place) {
  const std::size_t colon = place.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return "has no HOST:PORT";
  const auto port = base::parse_number<std::uint16_t>(place.substr(colon + 1));
  return port && *port > 0 ? "" : "has no port from 1 to 65535";
}

bool is_loopback(const std::string& host_port) {
  const std::string host = host_port.substr(0, host_port.rfind(':'));
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  return host == "localhost" || host == "[::1]";
}

}  // namespace millrace::queue
