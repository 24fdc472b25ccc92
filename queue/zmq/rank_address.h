// The address at which a rank other than 0 listens, and the one that producers are told. Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/ends/transport.h"

namespace millrace::queue {

/// Addresses to try to bind, in this order: queue.uri's host; then, unless that is the loopback,
/// the advertised host and every interface, because queue.uri may name another machine. Over tcp
/// the port is any free one (*), unless `advertise` names one. Throws std::invalid_argument for a
/// queue.uri that is no address of rank 0's (0.0.0.0), or an `advertise` that is neither empty,
/// HOST nor HOST:PORT.
[[nodiscard]] std::vector<std::string> addresses_to_bind(const Uri& uri,
                                                         const std::string& advertise,
                                                         std::uint32_t rank);

/// The address that producers are told for a rank that is bound at `bound`.
[[nodiscard]] std::string address_to_advertise(const Uri& uri, const std::string& advertise,
                                               const std::string& bound);

}  // namespace millrace::queue
