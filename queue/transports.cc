// The table of transports (transports.h), and what it is asked for.
#include "queue/transports.h"

#include <functional>
#include <ranges>
#include <stdexcept>

#include "base/text.h"
#include "queue/file/file_transport.h"
#include "queue/inproc.h"
#include "queue/zmq/zmq_transport.h"

namespace millrace::queue {

std::span<const Transport> transports() {
  static const Transport kTransports[] = {
      inproc_transport(),
      file_transport(),
      tcp_transport(),
      ipc_transport(),
  };
  return kTransports;
}

namespace {

std::string form(const Transport& transport) {
  return transport.prefix() + std::string(transport.place);
}

/// The transports that can do something, for a message: "tcp:// or ipc://".
template <class Can>
std::string prefixes(Can can) {
  return base::joined(transports() | std::views::filter(can), " or ", &Transport::prefix);
}

[[noreturn]] void refuse(const std::string& text, std::string_view why,
                         std::span<const Transport> known) {
  throw std::invalid_argument("queue.uri '" + text + "' " + std::string(why) + "; it is one of " +
                              base::joined(known, ", ", form));
}

std::string_view place_error(const Transport& transport, const std::string& rest) {
  if (transport.place.empty()) return {};
  if (rest.empty()) return "names no place";
  return transport.place_error == nullptr ? std::string_view() : transport.place_error(rest);
}

}  // namespace

Uri parse_uri(const std::string& text, std::span<const Transport> known) {
  for (const Transport& transport : known) {
    const std::string prefix = transport.prefix();
    if (!text.starts_with(prefix)) continue;
    Uri uri{&transport, text, text.substr(prefix.size())};
    const std::string_view error = place_error(transport, uri.rest);
    if (!error.empty()) refuse(text, error, known);
    return uri;
  }
  refuse(text, "has no known transport", known);
}

std::unique_ptr<ProducerEnd> open_producer_end(const Uri& uri, const proto::StreamMeta& meta,
                                               const ProducerPlan& plan) {
  if (uri.transport->in_process) {
    throw std::invalid_argument("queue.uri " + uri.transport->prefix() +
                                " has its producer inside train: start train alone, or choose a " +
                                prefixes(std::not_fn(&Transport::in_process)) + " uri");
  }
  return uri.transport->open_producer_end(uri, meta, plan);
}

std::unique_ptr<ConsumerEnd> open_consumer_end(const Uri& uri, const Expectation& expected,
                                               const ConsumerPlan& plan) {
  if (uri.transport->in_process) {
    throw std::invalid_argument(uri.transport->prefix() + " has no consumer's end of its own");
  }
  if (plan.audit > 0 && !uri.transport->can_audit()) {
    throw std::invalid_argument("queue.audit compares what producers answer, and over " +
                                uri.transport->prefix() + " " +
                                std::string(uri.transport->audit_error) +
                                ": leave it at 0, or use " + prefixes(&Transport::can_audit));
  }
  return uri.transport->open_consumer_end(uri, expected, plan);
}

}  // namespace millrace::queue
