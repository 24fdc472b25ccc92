#include "queue/ends/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace millrace::queue {
namespace {

constexpr std::pair<std::string_view, Scheme> kSchemes[] = {{"inproc://", Scheme::kInproc},
                                                            {"file://", Scheme::kFile},
                                                            {"tcp://", Scheme::kTcp},
                                                            {"ipc://", Scheme::kIpc}};

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw std::invalid_argument(
      "queue.uri '" + text + "' " + why +
      "; it is one of inproc://, file://FOLDER, tcp://HOST:PORT, ipc://PATH");
}

void check_port(const Uri& uri) {
  const std::size_t colon = uri.rest.rfind(':');
  if (colon == std::string::npos || colon == 0) refuse(uri.text, "has no HOST:PORT");
  const std::string_view port = std::string_view(uri.rest).substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0 || number > 65535) {
    refuse(uri.text, "has no port from 1 to 65535");
  }
}

}  // namespace

Uri parse_uri(const std::string& text) {
  for (const auto& [prefix, scheme] : kSchemes) {
    if (!text.starts_with(prefix)) continue;
    Uri uri{scheme, text, text.substr(prefix.size())};
    if (scheme != Scheme::kInproc && uri.rest.empty()) refuse(text, "names no place");
    if (scheme == Scheme::kTcp) check_port(uri);
    return uri;
  }
  refuse(text, "has no known transport");
}

bool is_loopback(const Uri& uri) {
  const std::string host = uri.rest.substr(0, uri.rest.rfind(':'));
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  return host == "localhost" || host == "[::1]";
}

}  // namespace millrace::queue
