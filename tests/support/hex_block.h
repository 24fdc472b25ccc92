// The worked examples of docs/reference/: blocks ```hex NAME, with an offset and bytes on each
// line.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "proto/files.h"

namespace millrace::testing {

/// The bytes of the block of this name on a page of docs/reference/.
inline std::string hex_block(const std::string& page, const std::string& name) {
  std::istringstream lines(
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/" + page));
  std::string line;
  while (std::getline(lines, line) && line != "```hex " + name) {
  }
  if (!lines) throw std::runtime_error(page + " has no example " + name);
  std::string bytes;
  while (std::getline(lines, line) && line != "```") {
    std::istringstream words(line);
    std::string word;
    words >> word;  // the offset
    while (words >> word) bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

}  // namespace millrace::testing
