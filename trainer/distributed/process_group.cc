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
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "config/errors.h"
#include "proto/text.h"
#include "trainer/distributed/device_group.h"

C10_DECLARE_int(caffe2_log_level);

namespace millrace::trainer {
namespace {

/// Tensors travel joined in buckets of about this size, so that many small ones take one operation.
constexpr std::int64_t kBucketBytes = std::int64_t{32} << 20;

/// How long rank 0 waits at the end until the others have gone.
constexpr std::chrono::milliseconds kGoneWithin{5000};

std::string variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::uint32_t number(const char* name, const char* otherwise, std::uint32_t least,
                     std::uint32_t most) {
  const std::string text = variable(name, otherwise);
  const auto value = proto::parse_number<std::uint32_t>(text);
  if (!value || *value < least || *value > most) {
    throw config::UsageError(std::string(name) + " = '" + text + "' must be a number from " +
                             std::to_string(least) + " to " + std::to_string(most) +
                             "; start several ranks with torchrun, which sets it");
  }
  return *value;
}

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

/// Gloo writes to the sockets of ranks that have left, and does not suppress SIGPIPE, which Python,
/// where it usually runs, ignores. Here the signal would end this rank without a message; ignored,
/// the failed write becomes an error that says who was waited for.
void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

/// The network interface that Gloo uses. Its own choice resolves the host's name, which inside a
/// container may be an address that nobody listens on.
std::shared_ptr<gloo::transport::Device> device_for(const std::string& master_address) {
  if (const std::string interface = variable("GLOO_SOCKET_IFNAME", ""); !interface.empty()) {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  if (master_address == "localhost" || master_address.starts_with("127.")) {
    return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  }
  return c10d::ProcessGroupGloo::createDefaultDevice();
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

DistributedEnv distributed_env_from_environment() {
  DistributedEnv env;
  env.world_size = number("WORLD_SIZE", "1", 1, 1U << 20);
  if (env.world_size == 1) return env;
  env.rank = number("RANK", "", 0, env.world_size - 1);
  env.local_rank = number("LOCAL_RANK", std::to_string(env.rank).c_str(), 0, env.rank);
  env.local_world_size = number("LOCAL_WORLD_SIZE", std::to_string(env.world_size).c_str(),
                                env.local_rank + 1, env.world_size);
  env.master_address = variable("MASTER_ADDR", "127.0.0.1");
  env.master_port = static_cast<std::uint16_t>(number("MASTER_PORT", "", 1, 65535));
  env.serves_store = variable("TORCHELASTIC_USE_AGENT_STORE", "False") != "True";
  env.store_prefix = "millrace/" + variable("TORCHELASTIC_RESTART_COUNT", "0");
  return env;
}

class ProcessGroup::Group {
 public:
  Group(const DistributedEnv& env, std::uint32_t timeout_s) : env_(env), timeout_s_(timeout_s) {
    quieten_c10d();
    ignore_broken_pipes();
    waiting_for("the start", [this] { gloo_ = connect(); });
  }

  /// Runs an action that needs the other ranks. Its error says who waited at what.
  void waiting_for(const std::string& what, const std::function<void()>& action) const {
    try {
      action();
    } catch (const std::exception& error) {
      throw std::runtime_error("rank " + std::to_string(env_.rank) + " of " +
                               std::to_string(env_.world_size) + " waited for the other ranks at " +
                               what + ", up to " + std::to_string(timeout_s_) +
                               " s (train.timeout_s), at " + env_.master_address + ":" +
                               std::to_string(env_.master_port) +
                               ": look for the first rank that failed; " + cause_of(error));
    }
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
                                   env_.rank, env_.world_size, std::chrono::seconds(timeout_s_));
    });
  }

  /// Runs a collective operation to its end.
  void wait(const std::string& what,
            const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroupGloo&)>& start) {
    waiting_for(what, [&] { start(*gloo_)->wait(); });
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

  c10::intrusive_ptr<c10d::ProcessGroupGloo> connect() {
    c10d::TCPStoreOptions store;
    store.port = env_.master_port;
    store.isServer = env_.rank == 0 && env_.serves_store;
    store.numWorkers = env_.world_size;
    store.waitWorkers = false;
    store.timeout = std::chrono::seconds(timeout_s_);
    auto options = c10d::ProcessGroupGloo::Options::create(store.timeout);
    options->devices = {device_for(env_.master_address)};
    store_ = c10::make_intrusive<c10d::PrefixStore>(
        env_.store_prefix, c10::make_intrusive<c10d::TCPStore>(env_.master_address, store));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store_, static_cast<int>(env_.rank),
                                                       static_cast<int>(env_.world_size), options);
  }

  DistributedEnv env_;
  std::uint32_t timeout_s_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  std::unique_ptr<DeviceGroup> devices_;  ///< null: tensors go through the CPUs
};

ProcessGroup::ProcessGroup(const DistributedEnv& env, std::uint32_t timeout_s)
    : env_(env), timeout_(timeout_s) {
  if (env.world_size > 1) group_ = std::make_unique<Group>(env, timeout_s);
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
  std::vector<torch::Tensor> list{
      torch::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, torch::kFloat64)};
  group_->wait(what, [&](c10d::ProcessGroupGloo& gloo) { return gloo.allreduce(list); });
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
  barrier(what);
  if (group_) group_->shutdown(what);
}

}  // namespace millrace::trainer
