// Why nobody can be reached at an address, as far as the system says so without a connection: a
// name that does not resolve, or an ipc path at which no socket can be. ZeroMQ tries again in
// silence for ever.
#pragma once

#include <memory>
#include <string>

#include "queue/ends/clock.h"

namespace millrace::queue {

class AddressWatch {
 public:
  explicit AddressWatch(std::string address);
  ~AddressWatch();
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

  /// Looks at the address, and again every few seconds until nothing is wrong; never waits for a
  /// name server. Logs a reason that is new, and when it is gone.
  void look(Time now);
  /// A sentence that a person can act on; empty: none is known.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  struct Lookup;

  void set_reason(const std::string& reason);

  std::string address_;
  std::string host_;                ///< of a tcp address, if it is a name
  std::string path_;                ///< of an ipc address
  std::shared_ptr<Lookup> lookup_;  ///< under way
  Time next_{};
  bool done_ = false;
  std::string reason_;
};

}  // namespace millrace::queue
