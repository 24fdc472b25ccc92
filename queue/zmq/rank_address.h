// Where a rank other than 0 listens, and what producers are told of it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/ends/uri.h"

namespace millrace::queue {

/// Addresses to bind, the best first: queue.uri's host, then, where that is another machine's, the
/// advertised host and every interface. On tcp the port is free to choose (*), unless `advertise`
/// names one. Throws std::invalid_argument for a queue.uri that does not name rank 0's address
/// (0.0.0.0), or an `advertise` that is neither empty, HOST nor HOST:PORT.
[[nodiscard]] std::vector<std::string> addresses_to_bind(const Uri& uri,
                                                         const std::string& advertise,
                                                         std::uint32_t rank);

/// What producers are told of a rank that is bound at `bound`.
[[nodiscard]] std::string address_to_tell(const Uri& uri, const std::string& advertise,
                                          const std::string& bound);

}  // namespace millrace::queue
