// Facts as bytes, and what differs between two ranks' facts (run_facts.h).
#include "trainer/distributed/run_facts.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/text.h"

namespace millrace::trainer {
namespace {

/// Neither names nor values hold it, since they are texts of recipes and command lines.
constexpr char kEnd = '\0';

std::string value_in(const RunFacts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? "not set" : found->second;
}

}  // namespace

std::string to_bytes(const RunFacts& facts) {
  std::string bytes;
  for (const auto& [name, value] : facts) bytes += name + kEnd + value + kEnd;
  return bytes;
}

RunFacts run_facts_from_bytes(std::string_view bytes) {
  const auto next = [&bytes] {
    const std::size_t end = std::min(bytes.find(kEnd), bytes.size());
    std::string text(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    return text;
  };
  RunFacts facts;
  while (!bytes.empty()) {
    const std::string name = next();
    facts[name] = next();
  }
  return facts;
}

std::string differences(const RunFacts& facts, std::uint32_t rank, const RunFacts& of_rank0) {
  std::set<std::string> names;
  for (const auto& [name, value] : facts) names.insert(name);
  for (const auto& [name, value] : of_rank0) names.insert(name);
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const std::string here = value_in(facts, name), there = value_in(of_rank0, name);
    if (here == there) continue;
    found.push_back(name + " is " + here + " on rank " + std::to_string(rank) + " and " + there +
                    " on rank 0");
  }
  return base::joined(found, "; ");
}

}  // namespace millrace::trainer
