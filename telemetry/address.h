// watch.address: where the HTTP port listens.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::telemetry {

struct Address {
  std::string host;        ///< a numeric IPv4 or IPv6 address, the latter without brackets
  std::uint16_t port = 0;  ///< 0: any that is free
};

/// Takes HOST:PORT, where HOST is localhost, an IPv4 address or an IPv6 address in brackets. Throws
/// std::invalid_argument for anything else, and for an address that others can reach unless
/// `exposed`: the port has no authentication.
[[nodiscard]] Address parse_address(const std::string& text, bool exposed);

/// As parse_address takes it.
[[nodiscard]] std::string to_string(const Address& address);

}  // namespace millrace::telemetry
