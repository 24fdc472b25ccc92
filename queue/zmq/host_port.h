// HOST:PORT, the place of a tcp:// address.
#pragma once

#include <string>
#include <string_view>

namespace millrace::queue {

struct HostPort {
  std::string host;  ///< an IPv6 address has its brackets
  std::string port;  ///< empty: none is given
};

/// Takes "host", "host:port" and "[v6]:port".
[[nodiscard]] HostPort split_host_port(const std::string& text);

/// The error of the place of a tcp:// uri, e.g. "has no HOST:PORT"; empty: it is valid.
[[nodiscard]] std::string_view host_port_error(std::string_view place);

/// Whether only this machine can reach the address: 127.0.0.0/8, localhost or [::1].
[[nodiscard]] bool is_loopback(const std::string& host_port);

}  // namespace millrace::queue
