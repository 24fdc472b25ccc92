#include "queue/zmq/rank_address.h"

#include <filesystem>
#include <stdexcept>

namespace millrace::queue {
namespace {

struct HostPort {
  std::string host;
  std::string port;  ///< empty: not said
};

/// "host", "host:port" or "[v6]:port".
HostPort split(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) {
    return {text, {}};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

HostPort parse_advertise(const std::string& advertise) {
  const HostPort parsed = split(advertise.starts_with("tcp://") ? advertise.substr(6) : advertise);
  if (parsed.host.empty() || advertise.ends_with(':') ||
      (!parsed.port.empty() && !is_number(parsed.port))) {
    throw std::invalid_argument("queue.advertise '" + advertise +
                                "' is neither HOST nor HOST:PORT: give the address at which "
                                "producers reach this rank's machine");
  }
  return parsed;
}

bool is_everywhere(const std::string& host) {
  return host == "0.0.0.0" || host == "*" || host == "[::]" || host == "::";
}

}  // namespace

std::vector<std::string> addresses_to_bind(const Uri& uri, const std::string& advertise,
                                           std::uint32_t rank) {
  if (uri.scheme == Scheme::kIpc) return {uri.text + ".rank" + std::to_string(rank)};
  const std::string host = split(uri.rest).host;
  if (is_everywhere(host)) {
    throw std::invalid_argument(
        "queue.uri " + uri.text +
        " does not say where rank 0 is: with several ranks give its address, as producers have it");
  }
  if (advertise.empty()) return {"tcp://" + host + ":*"};
  const HostPort told = parse_advertise(advertise);
  const std::string port = told.port.empty() ? "*" : told.port;
  std::vector<std::string> addresses = {"tcp://" + host + ":" + port};
  if (!is_loopback(uri)) {
    if (told.host != host) addresses.push_back("tcp://" + told.host + ":" + port);
    addresses.push_back("tcp://0.0.0.0:" + port);
  }
  return addresses;
}

std::string address_to_tell(const Uri& uri, const std::string& advertise,
                            const std::string& bound) {
  if (uri.scheme == Scheme::kIpc) {
    return "ipc://" + std::filesystem::absolute(bound.substr(6)).string();
  }
  if (advertise.empty()) {
    return bound;
  }
  return "tcp://" + parse_advertise(advertise).host + ":" + split(bound).port;
}

}  // namespace millrace::queue
