// Names of code in a recipe: a plug-in's library, a Python interpreter and its models.
//
// No program runs code that a checkpoint names, since a checkpoint may come from anybody. So
// everything that loads or starts code takes a CodeName, which is made here alone and asks who said
// the key. tests/repository/test_code_loading.py fails on code that loads without it.
#pragma once

#include <string>
#include <string_view>

#include "config/options.h"

namespace millrace::config {

class CodeName {
 public:
  /// The value of the key "section.key", which is a text. Throws UsageError, with the override that
  /// allows it, where a checkpoint's recipe says it and it is not the default.
  CodeName(const Options& options, std::string_view key);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace millrace::config
