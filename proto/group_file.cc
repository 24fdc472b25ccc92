#include "proto/group_file.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "proto/files.h"
#include "proto/json_numbers.h"

namespace millrace::proto {

void write_group(const std::filesystem::path& path, const Group& group) {
  nlohmann::ordered_json json = {{"version", kGroupVersion}, {"run_id", group.run_id}, {"heartbeat", group.heartbeat}};
  for (const Split split : kSplits) {
    json[std::string(to_string(split))] = {{"cursor", group.window(split).cursor}, {"end", group.window(split).end}};
  }
  replace_file(path, json.dump() + '\n');
}

std::optional<Group> read_group(const std::filesystem::path& path) try {
  const auto json = nlohmann::json::parse(read_file(path));
  if (json.at("version") != kGroupVersion) return std::nullopt;
  Group group{json.at("run_id"), whole<std::uint64_t>(json.at("heartbeat")), {}};
  for (const Split split : kSplits) {
    const auto& window = json.at(std::string(to_string(split)));
    group.window(split) = {whole<std::uint64_t>(window.at("cursor")), whole<std::uint64_t>(window.at("end"))};
  }
  return group;
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
} catch (const std::runtime_error&) {
  return std::nullopt;
}

}  // namespace millrace::proto
