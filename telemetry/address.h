// watch.address: the address of the HTTP port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::telemetry {

struct Address {
  std::string host;        ///< a numeric IPv4 or IPv6 address, the latter without brackets
  std::uint16_t port = 0;  ///< 0: any free one
};

/// Parses HOST:PORT; HOST is localhost, an IPv4 address or an IPv6 address in brackets. Throws
/// std::invalid_argument for anything else and, unless `exposed`, for an address that other
/// machines can reach, because the port has no authentication.
[[nodiscard]] Address parse_address(const std::string& text, bool exposed);

/// Whether a request's Host, NAME or NAME:PORT, can only mean this machine: a numeric address,
/// localhost, or `machine`, the machine's name, with its domain or without. Upper and lower case
/// are the same.
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view machine);

/// In the form that parse_address() takes.
[[nodiscard]] std::string to_string(const Address& address);

}  // namespace millrace::telemetry
