// The address at which a rank other than 0 listens, the one that producers are told, and the ranks'
// addresses that a producer goes to.
#pragma once

#include <cstdint>
#include <set>
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

/// The error of an address that a rank registers or a trainer names: not of the uri's transport, or
/// without HOST:PORT or path. Empty: it is valid.
[[nodiscard]] std::string rank_address_error(const Uri& uri, const std::string& address);

/// The ranks that a producer goes to. Whoever can make a trainer name an address could otherwise
/// send every producer of the run there.
///
/// Over tcp these are the ranks on queue.uri's host and on queue.rank_hosts; with keys on any host,
/// because there the rank proves that it is the trainer's. Over ipc they lie in queue.uri's folder.
class RankHosts {
 public:
  /// `text`: queue.rank_hosts, "host-b, 10.0.0.0/24". Throws std::invalid_argument for an entry
  /// that is neither a host nor a network.
  RankHosts(Uri uri, const std::string& text, bool have_keys);

  /// Why a producer does not go to a rank's address, with the key to set; empty: it does.
  [[nodiscard]] std::string error(const std::string& address) const;
  /// Another address of queue.uri's host: the one that it was reached at.
  void add_own_address(const std::string& host);

 private:
  [[nodiscard]] bool allows_host(const std::string& host) const;

  struct Network {
    std::string address;  ///< 4 or 16 bytes
    unsigned bits = 0;    ///< that count
  };

  Uri uri_;
  bool have_keys_;
  std::set<std::string> hosts_;
  std::vector<Network> networks_;
};

}  // namespace millrace::queue
