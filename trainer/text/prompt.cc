// Reads start, suffix and template (prompt.h).
#include "trainer/text/prompt.h"

#include <algorithm>

#include "base/text.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "config/home.h"
#include "proto/disk.h"
#include "proto/user_file.h"

namespace millrace::trainer {
namespace {

using base::counted, config::UsageError;

/// The text itself, or that of FILE:PATH.
std::string text_of(const std::string& given, const std::string& what) {
  constexpr std::string_view kFile = "FILE:";
  if (!given.starts_with(kFile)) return given;
  try {
    const std::string path = config::expand_home(given.substr(kFile.size()), config::Names::kPath);
    return proto::read_user_file(path, [] { config::check_stop(); });
  } catch (const UsageError& error) {
    throw UsageError(what + ": " + error.what());
  } catch (const proto::DiskError& error) {
    throw UsageError(what + ": " + error.what() + "; give FILE:PATH of a text, or the text itself");
  }
}

void require_room(std::uint64_t wanted, std::uint64_t longest, const std::string& what) {
  if (wanted > longest) {
    throw UsageError(what + " is " + counted(wanted, "token") +
                     ", and the checkpoint's model takes at most " + counted(longest, "token") +
                     "; make it shorter");
  }
}

Prompt of_template(const PromptRequest& request, TextCodec& codec, std::uint64_t longest) {
  if (request.start || request.suffix) {
    throw UsageError("--template says all of the text; leave out --start and --suffix");
  }
  const std::string text = text_of(*request.template_text, "--template");
  Prompt prompt;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t mask = std::min(text.find(kMaskText, at), text.size());
    for (const std::int64_t token :
         codec.encode(std::string_view(text).substr(at, mask - at), "--template")) {
      prompt.tokens.push_back(token);
      prompt.fixed.push_back(true);
    }
    if (mask == text.size()) break;
    prompt.tokens.push_back(0);
    prompt.fixed.push_back(false);
    at = mask + std::string_view(kMaskText).size();
  }
  require_room(prompt.tokens.size(), longest, "--template");
  if (request.length && *request.length != prompt.tokens.size()) {
    throw UsageError("--length " + std::to_string(*request.length) + " is not the template's " +
                     counted(prompt.tokens.size(), "token") + "; leave it out");
  }
  if (prompt.tokens.empty()) {
    throw UsageError("--template is empty; put [MASK] where a token is to be written");
  }
  return prompt;
}

}  // namespace

Prompt read_prompt(const PromptRequest& request, TextCodec& codec, std::uint64_t longest) {
  if (request.template_text) return of_template(request, codec, longest);
  const std::uint64_t length = request.length.value_or(longest);
  require_room(length, longest, "--length");
  const auto encoded = [&](const std::optional<std::string>& given, const std::string& what) {
    return given ? codec.encode(text_of(*given, what), what) : std::vector<std::int64_t>{};
  };
  const auto start = encoded(request.start, "--start"),
             suffix = encoded(request.suffix, "--suffix");
  require_room(start.size(), longest, "--start");
  require_room(start.size() + suffix.size(), longest, "--start with --suffix");
  if (start.size() + suffix.size() > length) {
    throw UsageError("--length " + std::to_string(length) + " has no room for the " +
                     counted(start.size() + suffix.size(), "token") +
                     " of --start and --suffix; give a greater one");
  }
  Prompt prompt{std::vector<std::int64_t>(length), std::vector<bool>(length)};
  const auto put = [&](const std::vector<std::int64_t>& given, std::size_t at) {
    for (const std::int64_t token : given) {
      prompt.tokens[at] = token;
      prompt.fixed[at++] = true;
    }
  };
  put(start, 0);
  put(suffix, length - suffix.size());
  return prompt;
}

}  // namespace millrace::trainer
