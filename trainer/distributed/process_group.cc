// Ranks over c10d (process_group.h): the only file that sees its headers.
//
// ProcessGroupGloo.hpp includes Gloo's own headers, which the wheel leaves out. It uses their types
// through pointers alone, so the names in gloo_names/ suffice; a LibTorch that ships the real ones
// is compiled against those. c10d registers operators, so it needs the whole of torch/library.h,
// which lean_torch/ hides.
#include "trainer/distributed/process_group.h"

#include <c10/util/Logging.h>

#include <c10/../torch/library.h>
#include <torch/cuda.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "config/errors.h"
#include "trainer/distributed/device_group.h"

C10_DECLARE_int(caffe2_log_level);

namespace millrace::trainer {
namespace {

/// Tensors travel joined in buckets of about this size, so that many small ones cost one operation.
constexpr std::int64_t kBucketBytes = std::int64_t{32} << 20;

/// How long rank 0 stays for the others at the end.
constexpr std::chrono::milliseconds kGoneWithin{5000};

std::string variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::uint32_t number(const char* name, const char* otherwise, std::uint32_t least,
                     std::uint32_t most) {
  const std::string text = variable(name, otherwise);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw config::UsageError(std::string(name) + " = '" + text + "' must be a number from " +
                             std::to_string(least) + " to " + std::to_string(most) +
                             "; start several ranks with torchrun, which sets it");
  }
  return value;
}

/// c10d logs each failed attempt with a stack trace; our errors say what matters.
/// TORCH_CPP_LOG_LEVEL brings them back.
void quieten_c10d() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

/// What c10d says, without the place in its sources and its advice: "Read error [127.0.0.1]:4711:
/// Connection reset by peer".
std::string cause_of(const std::exception& error) {
  std::string cause = error.what();
  if (const auto end = cause.find("] "); cause.starts_with('[') && end != std::string::npos) {
    cause.erase(0, end + 2);
  }
  return cause.substr(0, std::min(cause.find('\n'), cause.find(". ")));
}

/// Gloo writes to the sockets of ranks that have left without asking for no signal. In Python,
/// where it usually runs, SIGPIPE is ignored; here it would end this rank without a word, where the
/// failed write makes an error that says who was waited for.
void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

/// Gloo's own choice asks the host's name, which inside a container may resolve to an address that
/// nobody listens on.
std::shared_ptr<gloo::transport::Device> device_for(const std::string& master_address) {
  if (const std::string interface = variable("GLOO_SOCKET_IFNAME", ""); !interface.empty()) {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  if (master_address == "localhost" || master_address.starts_with("127.")) {
    return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  }
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

/// Calls `operation` on a flat CPU copy of each bucket of tensors and writes the result back. A
/// bucket has one dtype.
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
  DistributedEnv place;
  place.world_size = number("WORLD_SIZE", "1", 1, 1U << 20);
  if (place.world_size == 1) return place;
  place.rank = number("RANK", "", 0, place.world_size - 1);
  place.local_rank = number("LOCAL_RANK", std::to_string(place.rank).c_str(), 0, place.rank);
  place.local_world_size = number("LOCAL_WORLD_SIZE", std::to_string(place.world_size).c_str(),
                                  place.local_rank + 1, place.world_size);
  place.master_address = variable("MASTER_ADDR", "127.0.0.1");
  place.master_port = static_cast<std::uint16_t>(number("MASTER_PORT", "", 1, 65535));
  place.serves_store = variable("TORCHELASTIC_USE_AGENT_STORE", "False") != "True";
  place.store_prefix = "millrace/" + variable("TORCHELASTIC_RESTART_COUNT", "0");
  return place;
}

class ProcessGroup::Group {
 public:
  Group(const DistributedEnv& place, std::uint32_t timeout_s)
      : place_(place), timeout_s_(timeout_s) {
    quieten_c10d();
    ignore_broken_pipes();
    waiting_for("the start", [this] { gloo_ = connect(); });
  }

  /// Runs what needs the other ranks; what fails says whom it waited for.
  void waiting_for(const std::string& what, const std::function<void()>& action) const {
    try {
      action();
    } catch (const std::exception& error) {
      throw std::runtime_error("rank " + std::to_string(place_.rank) + " of " +
                               std::to_string(place_.world_size) + " waited for the other ranks at " +
                               what + ", up to " + std::to_string(timeout_s_) +
                               " s (train.timeout_s), at " + place_.master_address + ":" +
                               std::to_string(place_.master_port) +
                               ": look for the first rank that failed; " + cause_of(error));
    }
  }

  /// The devices' group, once there is one and all of the tensors are on them.
  DeviceGroup* between_devices(std::span<const torch::Tensor> tensors) const {
    const bool there =
        std::ranges::all_of(tensors, [](const torch::Tensor& tensor) { return tensor.is_cuda(); });
    return there && !tensors.empty() ? devices_.get() : nullptr;
  }

  void connect_devices() {
    waiting_for("connecting the GPUs", [this] {
      devices_ = make_device_group(c10::make_intrusive<c10d::PrefixStore>("devices", store_),
                                   place_.rank, place_.world_size, std::chrono::seconds(timeout_s_));
    });
  }

  /// Runs a collective operation to its end.
  void wait(const std::string& what,
            const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroupGloo&)>& start) {
    waiting_for(what, [&] { start(*gloo_)->wait(); });
  }

  /// After a barrier. A rank that ends at once may close a connection whose last bytes another has
  /// not read yet, and a connection that is closed with bytes unread loses those on their way. So
  /// each says in the store that it is through, and waits for all; rank 0, which may serve the
  /// store, stays until the others have gone.
  void shutdown(const std::string& what) {
    waiting_for(what, [this] {
      store_->set(key("through", place_.rank), "");
      store_->wait(keys("through", 0));
      if (place_.rank > 0) store_->set(key("gone", place_.rank), "");
    });
    if (place_.rank > 0) return;
    try {
      store_->wait(keys("gone", 1), kGoneWithin);
    } catch (const std::exception&) {  // killed while it left: everything was done by then
    }
  }

 private:
  static std::string key(const std::string& word, std::uint32_t rank) {
    return word + "/" + std::to_string(rank);
  }

  std::vector<std::string> keys(const std::string& word, std::uint32_t first) const {
    std::vector<std::string> all;
    for (std::uint32_t rank = first; rank < place_.world_size; ++rank) all.push_back(key(word, rank));
    return all;
  }

  c10::intrusive_ptr<c10d::ProcessGroupGloo> connect() {
    c10d::TCPStoreOptions store;
    store.port = place_.master_port;
    store.isServer = place_.rank == 0 && place_.serves_store;
    store.numWorkers = place_.world_size;
    store.waitWorkers = false;
    store.timeout = std::chrono::seconds(timeout_s_);
    auto options = c10d::ProcessGroupGloo::Options::create(store.timeout);
    options->devices = {device_for(place_.master_address)};
    store_ = c10::make_intrusive<c10d::PrefixStore>(
        place_.store_prefix, c10::make_intrusive<c10d::TCPStore>(place_.master_address, store));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store_, static_cast<int>(place_.rank),
                                                       static_cast<int>(place_.world_size), options);
  }

  DistributedEnv place_;
  std::uint32_t timeout_s_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  std::unique_ptr<DeviceGroup> devices_;  ///< null: everything goes through the hosts
};

ProcessGroup::ProcessGroup(const DistributedEnv& place, std::uint32_t timeout_s)
    : place_(place), timeout_(timeout_s) {
  if (place.world_size > 1) group_ = std::make_unique<Group>(place, timeout_s);
}

ProcessGroup::~ProcessGroup() = default;

bool ProcessGroup::connect(torch::Device device) {
  if (!group_) return false;
  const bool own =
      device.is_cuda() && static_cast<int>(place_.local_world_size) <= torch::cuda::device_count();
  double without = has_device_groups() && own ? 0.0 : 1.0;  // ranks
  all_reduce_sum(std::span(&without, 1), "asking who has a GPU");
  if (without > 0) return false;
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
