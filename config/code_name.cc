// Who said the name of code (code_name.h).
#include "config/code_name.h"

#include <stdexcept>
#include <variant>

#include "config/errors.h"
#include "config/keys.h"
#include "config/value_text.h"

namespace millrace::config {

CodeName::CodeName(const Options& options, std::string_view key) {
  const Key* const found = find_key(key);
  if (found == nullptr) throw std::logic_error("no key names code as " + std::string(key));
  text_ = std::get<std::string>(found->get(options));
  const bool is_default = found->get(Options{}) == found->get(options);
  if (is_default || !options.said_by_checkpoint.contains(key)) return;
  throw UsageError(std::string(key) + " = " + toml_string(text_) +
                   " is code that a checkpoint names, and code runs only where your own recipe or "
                   "the command line names it; if you trust it, add --" +
                   std::string(key) + "=" + text_);
}

}  // namespace millrace::config
