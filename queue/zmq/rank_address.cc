// Addresses of ranks other than 0 (rank_address.h).
#include "queue/zmq/rank_address.h"

#include <filesystem>
#include <stdexcept>

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

}  // namespace millrace::queue
