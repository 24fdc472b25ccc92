// The two ends of a transport. A consumer's end is asked for ranges and hands out batches; a
// producer's end hands out orders and takes batches. Who computes a range, how often it is asked
// for, and how bytes travel is the transport's affair.
//
// Delivery is at least once and in any order: the consumer room above puts samples in order and
// drops what it has.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/stage_log.h"
#include "proto/types.h"
#include "telemetry/wait_attribution.h"

namespace millrace::queue {

using Milliseconds = std::chrono::milliseconds;

/// One range that a producer was asked to compute; `lease` names this asking, not the range.
struct LeasedRange {
  std::uint64_t lease = 0;
  proto::Range range;
  std::uint32_t asker = 0;  ///< which of several ranks; the transport's affair
};

/// Why a wait lasts: who is to blame, and a sentence that a person can act on.
struct WaitState {
  telemetry::WaitCause cause = telemetry::WaitCause::kProvider;
  std::string words;
};

/// The samples of an order could not be stored for now. Nothing is lost: the order will be handed
/// out again.
class NotStored : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thread-safe: several workers take orders and deliver at once.
class ProducerEnd {
 public:
  virtual ~ProducerEnd() = default;

  /// The next range to compute, waited for up to `timeout`; empty: nothing is asked for now.
  /// Throws std::runtime_error if this stream was refused, with the reason.
  [[nodiscard]] virtual std::optional<LeasedRange> next(Milliseconds timeout) = 0;

  /// Hands over the samples of an order. Throws NotStored where there is no room for them now (a
  /// full disk), std::runtime_error where they cannot be stored at all.
  virtual void deliver(const LeasedRange& order, const proto::Batch& batch) = 0;

  /// Says that the range of an order cannot be computed. Throws std::runtime_error with the reason
  /// where nobody can be told who might have it computed elsewhere.
  virtual void fail(const LeasedRange& order, const std::string& reason);

  /// Whether everything is delivered that will be asked for as long as no trainer comes.
  [[nodiscard]] virtual bool complete() const = 0;

  /// A few words for a progress line, e.g. "waiting for a trainer at tcp://127.0.0.1:5555".
  [[nodiscard]] virtual std::string state() const = 0;
};

/// One thread at a time, but for state(). Over tcp:// and ipc:// producers are heard only while
/// somebody is in wait_for_stream() or take().
class ConsumerEnd {
 public:
  virtual ~ConsumerEnd() = default;

  /// The meta of the stream that was accepted, waited for up to `timeout`; empty: none that matches
  /// is there yet.
  [[nodiscard]] virtual std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) = 0;

  /// The unit of asking: ranges start at its multiples and have its size, but for a split's last.
  /// Known once met.
  [[nodiscard]] virtual std::uint32_t range_samples() const = 0;

  /// Asks for a range, or a part of one, and goes on asking until it was taken. Asking twice is
  /// asking once.
  virtual void request(const proto::Range& range) = 0;

  /// A batch that was wanted: whole, verified, of the accepted stream. Waits up to `timeout`.
  /// Throws std::runtime_error if a range cannot be had.
  [[nodiscard]] virtual std::optional<proto::Batch> receive(Milliseconds timeout) = 0;

  /// Says that completed steps have used every sample of the split below `cursor`.
  virtual void release(proto::Split split, std::uint64_t cursor) = 0;

  /// The stages of train samples, where the trainer names them. Forgets every range that was wanted
  /// at another stage.
  virtual void set_stage_log(const proto::StageLog& log) = 0;

  /// Of the batch that was taken last: of its time from lease to answer, what was not its
  /// producer's work; 0 where no link lies between.
  [[nodiscard]] virtual double link_seconds() const { return 0.0; }

  /// Where that is which is wanted soonest. Any thread.
  [[nodiscard]] virtual WaitState state() const = 0;
};

}  // namespace millrace::queue
