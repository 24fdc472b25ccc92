// The interface of a transport: its two ends. The trainer requests ranges from a ConsumerEnd and
// receives batches; a producer takes leased ranges from a ProducerEnd and delivers batches. Who
// computes a range, how often it is asked for, and how bytes travel is up to the transport.
//
// Delivery is at least once and in any order: the consumer room puts samples in order and drops
// duplicates.
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

/// A range that a producer was asked to compute. Leased again, it has another number.
struct LeasedRange {
  std::uint64_t lease = 0;
  proto::Range range;
  std::uint32_t link = 0;  ///< for the transport: the connection that the lease came over
};

/// The reason for a wait: its cause, and a sentence that a person can act on.
struct WaitState {
  telemetry::WaitCause cause = telemetry::WaitCause::kProvider;
  std::string words;
};

/// The samples of a leased range could not be stored now. Nothing is lost: the range will be leased
/// again.
class NotStored : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thread-safe: several workers take leased ranges and deliver at once.
class ProducerEnd {
 public:
  virtual ~ProducerEnd() = default;

  /// The next range to compute. Waits for one up to `timeout`; empty: none is asked for now.
  /// Throws std::runtime_error with the reason if this stream was refused.
  [[nodiscard]] virtual std::optional<LeasedRange> next(Milliseconds timeout) = 0;

  /// Hands over the samples of a leased range. Throws NotStored if there is no room for them now (a
  /// full disk), std::runtime_error if they can never be stored.
  virtual void deliver(const LeasedRange& leased, const proto::Batch& batch) = 0;

  /// Reports that a leased range cannot be computed. By default, for transports that cannot tell
  /// the trainer, throws std::runtime_error with the reason.
  virtual void fail(const LeasedRange& /*leased*/, const std::string& reason) {
    throw std::runtime_error(reason);
  }

  /// Whether everything that can be asked for before a trainer comes is delivered; always false
  /// for a transport that stores nothing.
  [[nodiscard]] virtual bool complete() const = 0;

  /// A few words for a progress line, e.g. "waiting for a trainer at tcp://127.0.0.1:5555".
  [[nodiscard]] virtual std::string state() const = 0;
};

/// One thread at a time, except for state(). Over tcp:// and ipc:// messages of producers are
/// handled only while a thread is in wait_for_stream() or receive().
class ConsumerEnd {
 public:
  virtual ~ConsumerEnd() = default;

  /// The meta of the accepted stream. Waits for it up to `timeout`; empty: no stream that matches
  /// is there yet.
  [[nodiscard]] virtual std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) = 0;

  /// Samples of a range: ranges start at multiples of this number and have this size, except for
  /// the last one of a finite split. Valid once wait_for_stream() returned a stream.
  [[nodiscard]] virtual std::uint32_t range_samples() const = 0;

  /// Requests a range, or a part of one, and keeps requesting it until it is received. A second
  /// request for a range that is still open has no effect.
  virtual void request(const proto::Range& range) = 0;

  /// A requested batch: complete, verified, of the accepted stream. Waits up to `timeout`. Throws
  /// std::runtime_error if no producer can make a range.
  [[nodiscard]] virtual std::optional<proto::Batch> receive(Milliseconds timeout) = 0;

  /// Reports that every sample of the split below `cursor` has been taken.
  virtual void release(proto::Split split, std::uint64_t cursor) = 0;

  /// Sets the stages of train samples, where the trainer names them. Cancels requests for ranges at
  /// another stage.
  virtual void set_stage_log(const proto::StageLog& log) = 0;

  /// For the batch received last, the seconds between lease and answer in which its producer did
  /// not hold the lease; 0 for transports without a network.
  [[nodiscard]] virtual double link_seconds() const { return 0.0; }

  /// Who has the range that is needed next, or why nobody has it. Any thread.
  [[nodiscard]] virtual WaitState state() const = 0;
};

}  // namespace millrace::queue
