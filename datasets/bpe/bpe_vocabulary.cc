// Parsing of {"token": id}.
#include "datasets/bpe/bpe_vocabulary.h"

#include <stdexcept>

#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

/// So many ids of a vocabulary may have no token, and as many more as have one.
constexpr std::size_t kUnused = 4096;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

}  // namespace

Json parse_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    fail("it begins with a byte order mark, which JSON has not; cut it off: tail -c +4 FILE > NEW");
  }
  try {
    return proto::read_json(text);
  } catch (const Json::parse_error& error) {
    fail("this is no whole JSON: it goes wrong at byte " + std::to_string(error.byte) +
         "; get the file again");
  }
}

std::vector<std::string> tokens_by_id(const Json& vocab) {
  if (!vocab.is_object() || vocab.empty()) {
    fail(R"(the vocabulary is not an object of ids by token, {"token": 0, …})");
  }
  const std::size_t most = 2 * vocab.size() + kUnused;
  std::vector<std::string> tokens;
  std::vector<bool> taken;
  for (const auto& [token, id] : vocab.items()) {
    const auto number = proto::try_whole<std::size_t>(id, 0, most - 1);
    if (!number || (*number < taken.size() && taken[*number])) {
      fail("the token '" + token + "' has the id " + proto::json_text(id) +
           ", and ids must be whole numbers below " + std::to_string(most) + ", each once, for " +
           std::to_string(vocab.size()) + " tokens");
    }
    if (*number >= tokens.size()) {
      tokens.resize(*number + 1);
      taken.resize(*number + 1);
    }
    tokens[*number] = token;
    taken[*number] = true;
  }
  return tokens;
}

}  // namespace millrace::datasets
