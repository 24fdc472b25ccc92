// tcp:// and ipc:// as transports (zmq_transport.h).
#include "queue/zmq/zmq_transport.h"

#include "queue/zmq/host_port.h"

namespace millrace::queue {

Transport tcp_transport() {
  return {.scheme = "tcp",
          .place = "HOST:PORT",
          .medium = Medium::kTcp,
          .audit_error = {},
          .place_error = host_port_error,
          .open_producer_end = make_zmq_producer_end,
          .open_consumer_end = make_zmq_consumer_end};
}

Transport ipc_transport() {
  return {.scheme = "ipc",
          .place = "PATH",
          .medium = Medium::kUnixSocket,
          .audit_error = {},
          .open_producer_end = make_zmq_producer_end,
          .open_consumer_end = make_zmq_consumer_end};
}

}  // namespace millrace::queue
