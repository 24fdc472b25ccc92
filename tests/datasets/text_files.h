// Files written by tests, and the tokens that a dataset makes of them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/open/open_sets.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::testing {

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

/// The tokens of a split, spelled.
inline std::string spelled(const datasets::TokenText& text,
                           proto::Split split = proto::Split::kTrain) {
  std::vector<std::uint32_t> ids(text.length(split));
  text.read(split, 0, std::span(ids));
  std::string spelling;
  for (const std::uint32_t id : ids) spelling += text.vocabulary().tokens.at(id);
  return spelling;
}

inline std::vector<std::uint32_t> ids_of(const datasets::TokenText& text,
                                         proto::Split split = proto::Split::kTrain) {
  std::vector<std::uint32_t> ids(text.length(split));
  text.read(split, 0, std::span(ids));
  return ids;
}

inline std::vector<std::uint64_t> starts_of(const datasets::TokenText& text,
                                            proto::Split split = proto::Split::kTrain) {
  std::vector<std::uint64_t> starts;
  for (std::uint64_t line = 0; line < text.lines(split); ++line) {
    starts.push_back(text.line_start(split, line));
  }
  return starts;
}

/// A folder of files, opened as datasets.
class DatasetFiles : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, std::string_view content) const {
    write_file(folder_ / name, content);
    return path(name);
  }

  [[nodiscard]] static datasets::Datasets open(std::vector<datasets::DatasetSpec> specs,
                                               const datasets::SetOptions& options = {}) {
    std::vector<datasets::NamedSpec> named;
    for (datasets::DatasetSpec& each : specs) named.push_back({{}, std::move(each)});
    return datasets::open_sets(named, options);
  }
  [[nodiscard]] static std::shared_ptr<const datasets::TokenText> text(
      const datasets::DatasetSpec& spec, const datasets::SetOptions& options = {}) {
    return open({spec}, options).parts.front().text;
  }
  template <class Error = std::runtime_error>
  static std::string error(const datasets::DatasetSpec& spec,
                           const datasets::SetOptions& options = {}) {
    return message_of<Error>([&] { (void)open({spec}, options); });
  }

  TemporaryFolder folder_;
};

}  // namespace millrace::testing
