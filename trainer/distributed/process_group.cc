// The group over c10d (process_group.h): the only file that includes its Gloo headers.
//
// ProcessGroupGloo.hpp includes Gloo's own headers, which PyTorch's wheel leaves out. It uses their
// types through pointers alone, so the declarations in gloo_names/ suffice; a LibTorch that ships
// the real headers is compiled against those. c10d registers operators, so it needs LibTorch's own
// torch/library.h, which lean_torch/ stands in for.
#include "trainer/distributed/process_group.h"

#include <c10/util/Logging.h>

#include <c10/../torch/library.h>
#include <torch/cuda.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "config/app/stop.h"
#include "config/errors.h"
#include "trainer/base/log.h"
#include "trainer/distributed/device_group.h"
#include "trainer/distributed/left_threads.h"
#include "trainer/distributed/rendezvous.h"
#include "trainer/distributed/work_beacon.h"

C10_DECLARE_int(caffe2_log_level);

namespace millrace::trainer {
namespace {

/// Tensors travel joined in buckets of about this size, so that many small ones take one operation.
constexpr std::int64_t kBucketBytes = std::int64_t{32} << 20;

/// How long rank 0 waits at the end until the others have gone.
constexpr std::chrono::milliseconds kGoneWithin{5000};

/// How often a rank that waits looks whether it still should.
constexpr std::chrono::milliseconds kLookAtStart{20};
constexpr std::chrono::milliseconds kLook{200};
/// Beyond the timeout, so that c10d's own error, which says more, comes first.
constexpr std::chrono::milliseconds kGrace{1000};
/// Gloo's own timeout: none, as it cannot be made longer while an operation waits.
constexpr std::chrono::hours kGlooTimeout{24 * 365};

using Clock = std::chrono::steady_clock;

/// c10d logs each failed attempt with a stack trace; our errors have what matters. Setting
/// TORCH_CPP_LOG_LEVEL brings them back.
void quieten_c10d() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

/// c10d's message without the place in its sources and without its advice: "Read error
/// [127.0.0.1]:4711: Connection reset by peer".
std::string cause_of(const std::exception& error) {
  std::string cause = error.what();
  if (const auto end = cause.find("] "); cause.starts_with('[') && end != std::string::npos) {
    cause.erase(0, end + 2);
  }
  return cause.substr(0, std::min(cause.find('\n'), cause.find(". ")));
}

/// The network interface that Gloo uses. Its own choice resolves the host's name, which inside a
/// container may be an address that nobody listens on.
std::shared_ptr<gloo::transport::Device> device_for(const std::string& master_address) {
  const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface != nullptr && *interface != '\0') {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  if (master_address == "localhost" || master_address.starts_with("127.")) {
    return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  }
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

/// How a rank is connected with the others.
struct Connection {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::Store> beacon_store;  ///< over a connection of its own
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

c10::intrusive_ptr<c10d::Store> connect_store(const DistributedEnv& env, bool serves,
                                              std::chrono::seconds timeout) try {
  c10d::TCPStoreOptions options;
  options.port = env.master_port;
  options.isServer = serves;
  options.numWorkers = env.world_size;
  options.waitWorkers = false;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::PrefixStore>(
      env.store_prefix, c10::make_intrusive<c10d::TCPStore>(env.master_address, options));
} catch (const std::exception& error) {
  if (std::string_view(error.what()).find("EADDRINUSE") == std::string_view::npos) throw;
  throw config::UsageError("MASTER_PORT = " + std::to_string(env.master_port) +
                           " is in use on this host, maybe by another job; give each job a port "
                           "of its own (torchrun: --master_port)");
}

/// How far the ranks' meeting is.
enum class Meeting { kReachingStore, kComparing, kConnecting };

/// Blocks. Throws what c10d and agree_on_run throw.
Connection connect_to_ranks(const DistributedEnv& env, std::chrono::seconds timeout,
                            const RunFacts& facts, std::atomic<Meeting>& stage) {
  Connection connection;
  connection.store = connect_store(env, env.rank == 0 && env.serves_store, timeout);
  stage = Meeting::kComparing;
  agree_on_run(*connection.store, env, facts, timeout);
  stage = Meeting::kConnecting;
  connection.beacon_store = connect_store(env, false, timeout);
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices = {device_for(env.master_address)};
  connection.gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(
      connection.store, static_cast<int>(env.rank), static_cast<int>(env.world_size), options);
  connection.gloo->setTimeout(kGlooTimeout);
  return connection;
}

/// Why this rank waits no longer.
const char* reason_at(Meeting stage) {
  switch (stage) {
    case Meeting::kReachingStore:
      return "nothing there answers as rank 0's store does; if another program has this port, "
             "choose another MASTER_PORT";
    case Meeting::kComparing: return "rank 0's store answers, but not all ranks have come";
    case Meeting::kConnecting:
      return "all ranks came, but not all could connect with each other; GLOO_SOCKET_IFNAME names "
             "the network interface to use";
  }
  return "";
}

/// connect_to_ranks in a thread of its own, since c10d's calls can be stopped by nothing: a server
/// that takes a connection and never answers would hold this rank for ever. Where the process is
/// asked to stop, or the time is over, the thread is left to itself.
Connection meet_ranks(const DistributedEnv& env, std::chrono::seconds timeout,
                      const RunFacts& facts) {
  const auto stage = std::make_shared<std::atomic<Meeting>>(Meeting::kReachingStore);
  const auto meeting = std::make_shared<std::packaged_task<Connection()>>(
      [env, timeout, facts, stage] { return connect_to_ranks(env, timeout, facts, *stage); });
  std::future<Connection> connection = meeting->get_future();
  std::thread thread([meeting] { (*meeting)(); });
  const auto deadline = Clock::now() + timeout + kGrace;
  while (connection.wait_for(kLookAtStart) != std::future_status::ready) {
    const bool stop = config::stop_requested();
    if (!stop && Clock::now() < deadline) continue;
    thread.detach();
    leave_thread_at_exit();
    if (stop) throw StoppedBeforeMeeting("asked to stop before all ranks had come");
    throw std::runtime_error(reason_at(*stage));
  }
  thread.join();
  return connection.get();
}

/// Joins the tensors into flat buckets on the CPU, each of one dtype, calls `operation` on each
/// bucket, and writes the result back.
void in_buckets(std::span<torch::Tensor> tensors,
                const std::function<void(torch::Tensor&)>& operation) {
  const torch::NoGradGuard no_grad;
  while (!tensors.empty()) {
    std::size_t count = 1;
    auto bytes = static_cast<std::int64_t>(tensors[0].nbytes());
    while (count < tensors.size() && bytes < kBucketBytes &&
           tensors[count].scalar_type() == tensors[0].scalar_type()) {
      bytes += static_cast<std::int64_t>(tensors[count++].nbytes());
    }
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& tensor : tensors.first(count)) {
      parts.push_back(tensor.detach().reshape({-1}));
    }
    auto flat = torch::cat(parts).cpu();
    operation(flat);
    std::int64_t offset = 0;
    for (torch::Tensor& tensor : tensors.first(count)) {
      tensor.copy_(flat.narrow(0, offset, tensor.numel()).view(tensor.sizes()));
      offset += tensor.numel();
    }
    tensors = tensors.subspan(count);
  }
}

}  // namespace

class ProcessGroup::Group {
 public:
  Group(const DistributedEnv& env, std::uint32_t timeout_s, const RunFacts& facts)
      : env_(env), timeout_(timeout_s) {
    quieten_c10d();
    Connection connection;
    explained("the start", [&] { connection = meet_ranks(env_, timeout_, facts); });
    store_ = std::move(connection.store);
    gloo_ = std::move(connection.gloo);
    beacon_.emplace(std::move(connection.beacon_store), env_.rank);
  }

  [[nodiscard]] WorkBeacon& beacon() { return *beacon_; }

  /// Runs an action that needs the other ranks, which know that this one waits. Its error says who
  /// waited at what.
  void waiting_for(const std::string& what, const std::function<void()>& action) {
    const WorkBeacon::Waiting waiting(*beacon_);
    explained(what, action);
  }

  /// The group of the GPUs, if there is one and all of the tensors are on GPUs; else null.
  DeviceGroup* between_devices(std::span<const torch::Tensor> tensors) const {
    const bool on_gpus =
        std::ranges::all_of(tensors, [](const torch::Tensor& tensor) { return tensor.is_cuda(); });
    return on_gpus && !tensors.empty() ? devices_.get() : nullptr;
  }

  void connect_devices() {
    waiting_for("connecting the GPUs", [this] {
      devices_ = make_device_group(c10::make_intrusive<c10d::PrefixStore>("devices", store_),
                                   env_.rank, env_.world_size, timeout_);
    });
  }

  /// Runs a collective operation to its end. Its tensors must own their memory: an operation that
  /// is given up may still write there.
  void wait(const std::string& what,
            const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroupGloo&)>& start) {
    WorkBeacon::Waiting waiting(*beacon_);
    explained(what, [&] {
      if (!gloo_) throw std::runtime_error("it gave up waiting for them before");
      wait_for(*start(*gloo_), waiting, what);
    });
  }

  /// Called after a barrier. A rank that ends at once may close a connection whose last bytes
  /// another rank has not read yet, and a connection closed with bytes unread loses those in
  /// flight. So each rank notes in the store that it is through, and waits for all. Rank 0, which
  /// may serve the store, waits until the others have gone.
  void shutdown(const std::string& what) {
    waiting_for(what, [this] {
      store_->set(key("through", env_.rank), "");
      store_->wait(keys("through", 0));
      if (env_.rank > 0) store_->set(key("gone", env_.rank), "");
    });
    if (env_.rank > 0) return;
    try {
      store_->wait(keys("gone", 1), kGoneWithin);
    } catch (const std::exception&) {
      // A rank was killed while it left; everything was done by then.
    }
  }

 private:
  static std::string key(const std::string& word, std::uint32_t rank) {
    return word + "/" + std::to_string(rank);
  }

  std::vector<std::string> keys(const std::string& word, std::uint32_t first) const {
    std::vector<std::string> all;
    for (std::uint32_t rank = first; rank < env_.world_size; ++rank) all.push_back(key(word, rank));
    return all;
  }

  /// Runs the action, and adds to its error who waited at what.
  void explained(const std::string& what, const std::function<void()>& action) const {
    try {
      action();
    } catch (const config::UsageError&) {
      throw;
    } catch (const StoppedBeforeMeeting&) {
      throw;
    } catch (const std::exception& error) {
      throw std::runtime_error("rank " + std::to_string(env_.rank) + " of " +
                               std::to_string(env_.world_size) + " waited for the other ranks at " +
                               what + ", up to " + std::to_string(timeout_.count()) +
                               " s (train.timeout_s), at " + env_.master_address + ":" +
                               std::to_string(env_.master_port) +
                               ": look for the first rank that failed; " + cause_of(error));
    }
  }

  /// Waits until the work is done, or no rank has been at long work for the timeout.
  void wait_for(c10d::Work& work, WorkBeacon::Waiting& waiting, const std::string& what) {
    const auto usual_deadline = Clock::now() + timeout_;
    auto deadline = usual_deadline;
    bool logged = false;
    while (!is_done(work)) {
      const auto sign = waiting.last_sign();
      const auto now = Clock::now();
      if (sign && now >= usual_deadline && !std::exchange(logged, true)) {
        log_info("waiting for " + sign->what + " at " + what);
      }
      if (sign) deadline = std::max(deadline, sign->at + timeout_);
      if (now >= deadline) give_up(sign);
    }
  }

  /// Waits a little. Throws the operation's own error.
  static bool is_done(c10d::Work& work) {
    try {
      work.wait(kLook);
      return true;
    } catch (const std::exception&) {
      if (!work.isCompleted()) return false;
    }
    work.wait();
    return true;
  }

  /// A thread of Gloo's still waits, so the group cannot be destroyed.
  [[noreturn]] void give_up(const std::optional<WorkBeacon::Waiting::Sign>& sign) {
    static_cast<void>(gloo_.release());
    leave_thread_at_exit();
    throw std::runtime_error(
        sign ? "the last sign of life was of " + sign->what
             : "a rank is missing; raise train.timeout_s if one of them is only slow");
  }

  DistributedEnv env_;
  std::chrono::seconds timeout_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  std::optional<WorkBeacon> beacon_;
  std::unique_ptr<DeviceGroup> devices_;  ///< null: tensors go through the CPUs
};

ProcessGroup::ProcessGroup(const DistributedEnv& env, std::uint32_t timeout_s,
                           const RunFacts& facts, telemetry::Health& health)
    : env_(env), timeout_(timeout_s), health_(health) {
  if (env.world_size > 1) group_ = std::make_unique<Group>(env, timeout_s, facts);
}

ProcessGroup::~ProcessGroup() = default;

bool ProcessGroup::connect(torch::Device device) {
  if (!group_) return false;
  const bool own_gpu =
      device.is_cuda() && static_cast<int>(env_.local_world_size) <= torch::cuda::device_count();
  double ranks_without = has_device_groups() && own_gpu ? 0.0 : 1.0;
  all_reduce_sum(std::span(&ranks_without, 1), "asking who has a GPU");
  if (ranks_without > 0) return false;
  group_->connect_devices();
  return true;
}

void ProcessGroup::all_reduce_sum(std::span<torch::Tensor> tensors, const std::string& what) {
  if (!group_) return;
  if (DeviceGroup* devices = group_->between_devices(tensors)) {
    return group_->waiting_for(what, [&] { devices->all_reduce_sum(tensors); });
  }
  in_buckets(tensors, [&](torch::Tensor& flat) {
    std::vector<torch::Tensor> list{flat};
    group_->wait(what, [&](c10d::ProcessGroupGloo& gloo) { return gloo.allreduce(list); });
  });
}

void ProcessGroup::all_reduce_sum(std::span<double> values, const std::string& what) {
  if (!group_) return;
  torch::Tensor sums = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kFloat64);
  std::ranges::copy(values, sums.mutable_data_ptr<double>());
  std::vector<torch::Tensor> list{sums};
  group_->wait(what, [&](c10d::ProcessGroupGloo& gloo) { return gloo.allreduce(list); });
  std::copy_n(sums.const_data_ptr<double>(), values.size(), values.begin());
}

void ProcessGroup::broadcast(std::span<torch::Tensor> tensors, const std::string& what) {
  if (!group_) return;
  if (DeviceGroup* devices = group_->between_devices(tensors)) {
    return group_->waiting_for(what, [&] { devices->broadcast(tensors); });
  }
  in_buckets(tensors, [&](torch::Tensor& flat) {
    std::vector<torch::Tensor> list{flat};
    group_->wait(what, [&](c10d::ProcessGroupGloo& gloo) { return gloo.broadcast(list); });
  });
}

std::string ProcessGroup::broadcast(std::string text, const std::string& what) {
  if (!group_) return text;
  torch::Tensor size = torch::tensor(static_cast<std::int64_t>(text.size()));
  broadcast(std::span(&size, 1), what);
  text.resize(static_cast<std::size_t>(size.item<std::int64_t>()));
  torch::Tensor bytes =
      torch::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, torch::kUInt8);
  if (!text.empty()) broadcast(std::span(&bytes, 1), what);
  return text;
}

void ProcessGroup::barrier(const std::string& what) {
  double nothing = 0.0;
  all_reduce_sum(std::span(&nothing, 1), what);
}

void ProcessGroup::shutdown(const std::string& what) {
  if (std::exchange(is_shut_down_, true)) throw std::logic_error("the ranks end once");
  barrier(what);
  if (group_) group_->shutdown(what);
}

LongWork::LongWork(ProcessGroup& ranks, const std::string& what) : ranks_(ranks) {
  ranks_.health_.begin_work(what);
  if (ranks_.group_) ranks_.group_->beacon().begin(what);
}

LongWork::~LongWork() {
  if (ranks_.group_) ranks_.group_->beacon().end();
  ranks_.health_.end_work();
}

}  // namespace millrace::trainer
