// The thread behind the beacon (work_beacon.h).
#include "trainer/distributed/work_beacon.h"

#include <c10/../torch/library.h>  // LibTorch's own, which lean_torch/ stands in for
#include <condition_variable>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "trainer/distributed/left_threads.h"

namespace millrace::trainer {
namespace {

constexpr std::chrono::milliseconds kBeat{200};
/// How long the end waits for the thread, which may wait for a store whose host is gone.
constexpr std::chrono::milliseconds kEndsWithin{2000};
const std::string kKey = "at work";

}  // namespace

struct WorkBeacon::State {
  c10::intrusive_ptr<c10d::Store> store;
  std::string rank;

  std::mutex mutex;  // guards all that follows
  std::condition_variable quit_requested;
  std::vector<std::string> works;
  bool waiting = false;
  bool watching = false;  ///< asked for signs while waiting
  bool first_look = false;
  std::optional<Waiting::Sign> sign;
  bool quit = false;
  std::condition_variable has_ended;
  bool ended = false;

  void run() {
    std::uint64_t beats = 0;
    std::string seen;
    std::unique_lock lock(mutex);
    while (!quit) {
      const bool works_on = !works.empty() && !waiting, watches = watching;
      if (!works_on && !watches) {
        quit_requested.wait_for(lock, kBeat, [this] { return quit; });
        continue;
      }
      // The number makes every beat another text.
      const std::string mine =
          works_on ? std::to_string(++beats) + " rank " + rank + " (" + works.back() + ")" : "";
      lock.unlock();
      if (!mine.empty()) store->set(kKey, mine);
      const std::string found = watches && store->check({kKey}) ? store->get_to_str(kKey) : "";
      lock.lock();
      if (watches) {
        // What lies there at the first look may be old.
        if (!first_look && found != seen) {
          sign = Waiting::Sign{Clock::now(), found.substr(found.find(' ') + 1)};
        }
        first_look = false;
        seen = found;
      }
      quit_requested.wait_for(lock, kBeat, [this] { return quit; });
    }
  }
};

WorkBeacon::WorkBeacon(c10::intrusive_ptr<c10d::Store> store, std::uint32_t rank)
    : state_(std::make_shared<State>()) {
  state_->store = std::move(store);
  state_->rank = std::to_string(rank);
  std::thread([state = state_] {
    try {
      state->run();
    } catch (const std::exception&) {
      // The store is gone, and with it rank 0 or torchrun's agent: the ranks will miss each other.
    }
    const std::lock_guard lock(state->mutex);
    state->store.reset();
    state->ended = true;
    state->has_ended.notify_all();
  }).detach();
}

WorkBeacon::~WorkBeacon() {
  std::unique_lock lock(state_->mutex);
  state_->quit = true;
  state_->quit_requested.notify_all();
  if (!state_->has_ended.wait_for(lock, kEndsWithin, [this] { return state_->ended; })) {
    leave_thread_at_exit();
  }
}

void WorkBeacon::begin(const std::string& what) {
  const std::lock_guard lock(state_->mutex);
  state_->works.push_back(what);
}

void WorkBeacon::end() {
  const std::lock_guard lock(state_->mutex);
  state_->works.pop_back();
}

WorkBeacon::Waiting::Waiting(WorkBeacon& beacon) : beacon_(beacon) {
  const std::lock_guard lock(beacon_.state_->mutex);
  beacon_.state_->waiting = true;
}

WorkBeacon::Waiting::~Waiting() {
  State& state = *beacon_.state_;
  const std::lock_guard lock(state.mutex);
  state.waiting = state.watching = false;
  state.sign.reset();
}

std::optional<WorkBeacon::Waiting::Sign> WorkBeacon::Waiting::last_sign() {
  State& state = *beacon_.state_;
  const std::lock_guard lock(state.mutex);
  if (!state.watching) {
    state.watching = state.first_look = true;
  }
  return state.sign;
}

}  // namespace millrace::trainer
