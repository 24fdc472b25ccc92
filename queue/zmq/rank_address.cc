// Addresses of ranks other than 0 (rank_address.h).
#include "queue/zmq/rank_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/lower_case.h"
#include "base/text.h"
#include "queue/zmq/host_port.h"

namespace millrace::queue {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// The place of an address of the uri's transport, or the text itself where it is the place alone.
std::string without_prefix(const Uri& uri, const std::string& address) {
  const std::string prefix = uri.transport->prefix();
  return address.starts_with(prefix) ? address.substr(prefix.size()) : address;
}

HostPort parse_advertise(const Uri& uri, const std::string& advertise) {
  const HostPort parsed = split_host_port(without_prefix(uri, advertise));
  if (parsed.host.empty() || advertise.ends_with(':') ||
      (!parsed.port.empty() && !is_number(parsed.port))) {
    throw std::invalid_argument("queue.advertise '" + advertise +
                                "' is neither HOST nor HOST:PORT: give the address at which "
                                "producers reach this rank's machine");
  }
  return parsed;
}

bool is_any_interface(const std::string& host) {
  return host == "0.0.0.0" || host == "*" || host == "[::]" || host == "::";
}

/// A host as it is compared: lower case, an IPv6 address without its brackets.
std::string plain(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return base::lower_case(std::move(host));
}

/// The 4 or 16 bytes of an IP address; empty: it is none.
std::string bytes_of(const std::string& host) {
  char bytes[16];
  if (::inet_pton(AF_INET, host.c_str(), bytes) == 1) return {bytes, 4};
  if (::inet_pton(AF_INET6, host.c_str(), bytes) == 1) return {bytes, 16};
  return {};
}

bool is_within(const std::string& address, const std::string& network, unsigned bits) {
  if (address.size() != network.size()) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const int mask = 0x80 >> bit % 8;
    if (((address[bit / 8] ^ network[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

/// The folder of a UNIX socket, without links.
std::string folder_of(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  return error ? std::string() : whole.parent_path().string();
}

bool is_unix_socket(const Uri& uri) { return uri.transport->medium == Medium::kUnixSocket; }

}  // namespace

std::vector<std::string> addresses_to_bind(const Uri& uri, const std::string& advertise,
                                           std::uint32_t rank) {
  if (is_unix_socket(uri)) return {uri.text + ".rank" + std::to_string(rank)};
  const std::string host = split_host_port(uri.rest).host;
  if (is_any_interface(host)) {
    throw std::invalid_argument(
        "queue.uri " + uri.text +
        " does not say where rank 0 is: with several ranks give its address, as producers have it");
  }
  const std::string prefix = uri.transport->prefix();
  if (advertise.empty()) return {prefix + host + ":*"};
  const HostPort advertised = parse_advertise(uri, advertise);
  const std::string port = advertised.port.empty() ? "*" : advertised.port;
  std::vector<std::string> addresses = {prefix + host + ":" + port};
  if (!is_loopback(uri.rest)) {
    if (advertised.host != host) addresses.push_back(prefix + advertised.host + ":" + port);
    addresses.push_back(prefix + "0.0.0.0:" + port);
  }
  return addresses;
}

std::string address_to_advertise(const Uri& uri, const std::string& advertise,
                                 const std::string& bound) {
  const std::string prefix = uri.transport->prefix();
  if (is_unix_socket(uri)) {
    return prefix + std::filesystem::absolute(without_prefix(uri, bound)).string();
  }
  if (advertise.empty()) return bound;
  return prefix + parse_advertise(uri, advertise).host + ":" + split_host_port(bound).port;
}

std::string rank_address_error(const Uri& uri, const std::string& address) {
  const std::string prefix = uri.transport->prefix();
  if (!address.starts_with(prefix)) {
    return "a rank's address has to begin with " + prefix + ", and it is '" + address + "'";
  }
  const std::string place = address.substr(prefix.size());
  const std::string_view error = is_unix_socket(uri) ? "" : host_port_error(place);
  if (place.empty() || !error.empty()) {
    return "a rank's address is no " + prefix + std::string(uri.transport->place) + ": '" +
           address + "'";
  }
  return "";
}

RankHosts::RankHosts(Uri uri, const std::string& text, bool have_keys)
    : uri_(std::move(uri)), have_keys_(have_keys) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string entry = text.substr(at, comma - at);
    at = comma + 1;
    const std::size_t first = entry.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    entry = plain(entry.substr(first, entry.find_last_not_of(' ') + 1 - first));
    const std::size_t slash = entry.find('/');
    const std::string address = bytes_of(plain(entry.substr(0, slash)));
    const auto bits = slash == std::string::npos
                          ? std::optional(static_cast<unsigned>(8 * address.size()))
                          : base::parse_number<unsigned>(std::string_view(entry).substr(slash + 1));
    const bool is_name = address.empty() && slash == std::string::npos &&
                         entry.find_first_of(": \t") == std::string::npos;
    if (!is_name && (address.empty() || !bits || *bits > 8 * address.size())) {
      throw std::invalid_argument("queue.rank_hosts: '" + entry +
                                  "' is neither a host nor a network such as 10.0.0.0/24");
    }
    if (is_name) {
      hosts_.insert(entry);
    } else {
      networks_.push_back({address, *bits});
    }
  }
}

void RankHosts::add_own_address(const std::string& host) { hosts_.insert(plain(host)); }

bool RankHosts::allows_host(const std::string& host) const {
  const std::string own = split_host_port(uri_.rest).host;
  if (have_keys_ || plain(host) == plain(own) || hosts_.contains(plain(host))) return true;
  if (is_loopback(host + ":0") && is_loopback(own + ":0")) return true;
  const std::string address = bytes_of(plain(host));
  return std::ranges::any_of(networks_, [&](const Network& network) {
    return is_within(address, network.address, network.bits);
  });
}

std::string RankHosts::error(const std::string& address) const {
  std::string error = rank_address_error(uri_, address);
  if (!error.empty()) return "the trainer names a rank that nobody can go to: " + error;
  const std::string place = without_prefix(uri_, address);
  const std::string skips = "this producer does not go to the rank at " + address + ": ";
  if (is_unix_socket(uri_)) {
    if (folder_of(place) == folder_of(uri_.rest)) return "";
    return skips + "its socket is not in the folder of queue.uri " + uri_.text;
  }
  const std::string host = split_host_port(place).host;
  if (allows_host(host)) return "";
  return skips + "it is on another host than queue.uri " + uri_.text +
         "; if that is right, set queue.rank_hosts = \"" + plain(host) +
         "\" (or a network, 10.0.0.0/24), or use keys";
}

}  // namespace millrace::queue
