// A transport, as the table in queue/transports.cc lists it: its name in queue.uri, and how to open
// its two ends. docs/how-to/add_a_transport.md adds one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/meta.h"
#include "proto/stage_log.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"
#include "queue/ends/range_size.h"
#include "queue/ends/security.h"
#include "telemetry/registry.h"

namespace millrace::queue {

/// A range is late when it is not answered after this time, or after four times as long as its
/// producer usually needs, whichever is longer. The default of queue.late_s.
inline constexpr std::chrono::milliseconds kLateAfter{2000};

/// The settings of a producer's end.
struct ProducerPlan {
  std::uint32_t capacity = 1;  ///< ranges computed at once
  /// Samples of each split, from 0 on, that a queue folder should hold before a run exists.
  std::array<std::uint64_t, proto::kSplitCount> ahead{};
  /// Stages of these train samples; not empty where the trainer names the stages.
  proto::StageLog stage_log{};
  std::string rank_hosts = {};  ///< queue.rank_hosts
  Security security = {};
};

/// The settings of a consumer's end.
struct ConsumerPlan {
  std::string run_id;  ///< the same for all ranks, and after a resume
  /// The same for all ranks of this start, and known to nobody else (ends/secret.h). Empty: rank 0
  /// takes no other ranks.
  std::string rank_secret = {};
  std::uint32_t rank = 0;
  std::string advertise = {};                         ///< queue.advertise
  std::chrono::milliseconds late_after = kLateAfter;  ///< queue.late_s
  double audit = 0.0;              ///< queue.audit: share of the ranges that two producers compute
  std::uint64_t cursor = 0;        ///< first train sample that no completed step has used
  std::uint64_t eval_samples = 0;  ///< val samples of one evaluation
  Window train_window = {};
  Security security = {};
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
  telemetry::Registry* registry = &telemetry::null_registry();
};

struct Transport;

/// queue.uri, parsed.
struct Uri {
  const Transport* transport = nullptr;
  std::string text;  ///< all of it
  std::string rest;  ///< the part after "scheme://"
};

/// How a transport's bytes travel.
enum class Medium { kMemory, kFiles, kTcp, kUnixSocket };

struct Transport {
  std::string_view scheme;      ///< the part of queue.uri before "://"
  std::string_view place = {};  ///< what follows, as messages show it; empty: nothing follows
  Medium medium = Medium::kMemory;
  /// Whether the producer runs inside the trainer's process. producer::open_consumer_end() opens
  /// both ends then, and the two functions below stay null.
  bool in_process = false;
  /// Why queue.audit cannot compare two producers; empty: it can.
  std::string_view audit_error = "nothing tells who computed a range";
  /// The error of the part after "://", e.g. "has no HOST:PORT"; empty: it is valid. Null: any text
  /// that is not empty is valid.
  std::string_view (*place_error)(std::string_view rest) = nullptr;
  /// Both throw std::invalid_argument for settings that the transport cannot have,
  /// std::runtime_error for a place that cannot be used (a port in use, a read-only folder).
  std::unique_ptr<ProducerEnd> (*open_producer_end)(const Uri& uri, const proto::StreamMeta& meta,
                                                    const ProducerPlan& plan) = nullptr;
  std::unique_ptr<ConsumerEnd> (*open_consumer_end)(const Uri& uri, const Expectation& expected,
                                                    const ConsumerPlan& plan) = nullptr;

  [[nodiscard]] bool can_audit() const { return audit_error.empty(); }
  /// "scheme://", with which its uris begin.
  [[nodiscard]] std::string prefix() const { return std::string(scheme) + "://"; }
};

}  // namespace millrace::queue
