// Makes LibTorch's threads sleep while they wait for each other, unless the user chose otherwise.
//
// GNU OpenMP lets them spin by default. On a machine that also runs producers, a thread that spins keeps the core from the very
// thread that it waits for: with one busy process beside a 2-thread run on 2 cores a step took 2037 ms spinning and 304 ms
// sleeping; on an idle machine 155 against 175 ms (small recipe, bfloat16). OpenMP reads the choice from the environment once,
// before main, so this runs earlier still, before the constructors of any library, and starts the program over with
// OMP_WAIT_POLICY set. That takes 5 ms. Linked into programs, not into the room's library.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace {

constexpr std::size_t kMaxVariables = 4096;
constexpr std::size_t kMaxPath = 4096;

bool chosen(char** environment) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (variable.starts_with("OMP_WAIT_POLICY=") || variable.starts_with("GOMP_SPINCOUNT=")) return true;
  }
  return false;
}

/// No allocation and no library state: nothing is initialised yet. Where anything fails the program just goes on.
void start_over_waiting_passively(int /*argc*/, char** argv, char** environment) {
  if (chosen(environment)) return;
  static char policy[] = "OMP_WAIT_POLICY=PASSIVE";
  static std::array<char*, kMaxVariables + 2> extended{policy};
  static std::array<char, kMaxPath + 1> program{};
  for (std::size_t i = 0; environment[i] != nullptr; ++i) {
    if (i == kMaxVariables) return;
    extended[i + 1] = environment[i];
  }
  if (::readlink("/proc/self/exe", program.data(), kMaxPath) > 0) ::execve(program.data(), argv, extended.data());
}

}  // namespace

__attribute__((section(".preinit_array"), used)) static void (*const kBeforeEverything)(int, char**,
                                                                                        char**) = start_over_waiting_passively;
