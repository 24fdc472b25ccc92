// Pages of docs/ that quote the code: a block ```cpp FILE holds lines of that file, word for word.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "proto/files.h"
#include "tests/support/messages.h"

namespace millrace::testing {

struct Quote {
  std::string file;  ///< relative to the repository
  std::string text;
};

/// The blocks of a page that name a file.
inline std::vector<Quote> quotes_in(const std::string& page) {
  const std::string opening = "```cpp ";
  std::vector<Quote> quotes;
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (inside && line != "```") quotes.back().text += line + "\n";
    if (line.starts_with(opening)) quotes.push_back({line.substr(opening.size()), {}});
    inside = line.starts_with(opening) || (inside && line != "```");
  }
  return quotes;
}

/// Expects `page`, a path below docs/, to quote at least `least` passages, and each to be in its
/// file.
inline void expect_true_quotes(const std::string& page, std::size_t least) {
  const std::string root = std::string(MILLRACE_SOURCE_DIR) + "/";
  const auto quotes = quotes_in(proto::read_file(root + "docs/" + page));
  EXPECT_GE(quotes.size(), least) << page;
  for (const Quote& quote : quotes) {
    EXPECT_TRUE(contains(proto::read_file(root + quote.file), "\n" + quote.text))
        << page << " quotes " << quote.file;
  }
}

}  // namespace millrace::testing
