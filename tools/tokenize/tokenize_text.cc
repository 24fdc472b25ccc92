// Encoding and decoding of standard input.
#include "tools/tokenize/tokenize_text.h"

#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <string>

#include "base/text.h"
#include "datasets/bpe/bpe_encoder.h"
#include "proto/json_text.h"

namespace millrace::tools {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<std::uint32_t>;

/// Calls take(json) for each line, and adds the line's number to its errors.
template <class Take>
void for_each_line(std::istream& in, Take take) {
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    try {
      take(proto::read_json(line));
    } catch (const Json::parse_error&) {
      throw std::runtime_error("line " + std::to_string(number) + " of the input is no JSON");
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("line " + std::to_string(number) + " of the input: " + error.what());
    }
  }
}

std::uint32_t id_of(std::string_view word) {
  if (const auto id = base::parse_number<std::uint32_t>(word)) return *id;
  throw std::runtime_error("'" + std::string(word) +
                           "' is no token id; ids are whole numbers between spaces");
}

Ids ids_of(const Json& line) {
  if (!line.is_array()) throw std::runtime_error("expected a list of token ids, [1, 2]");
  Ids ids;
  for (const Json& id : line) ids.push_back(id_of(proto::json_text(id)));
  return ids;
}

void encode_lines(const datasets::ByteLevelBpe& bpe, datasets::Specials specials, std::istream& in,
                  std::ostream& out) {
  datasets::BpeEncoder encoder(bpe);
  for_each_line(in, [&](const Json& line) {
    if (!line.is_string()) throw std::runtime_error("expected a text, \"…\"");
    Ids ids;
    encoder.append(line.get_ref<const std::string&>(), specials, ids);
    out << proto::json_text(Json(ids)) << '\n';
  });
}

}  // namespace

void encode_stream(const datasets::ByteLevelBpe& bpe, datasets::Specials specials, bool json_lines,
                   std::istream& in, std::ostream& out) {
  if (json_lines) return encode_lines(bpe, specials, in, out);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const char* before = "";
  for (const std::uint32_t id : bpe.encode(text, specials)) {
    out << before << id;
    before = " ";
  }
  out << '\n';
}

void decode_stream(const datasets::ByteLevelBpe& bpe, bool json_lines, std::istream& in,
                   std::ostream& out) {
  if (json_lines) {
    return for_each_line(in, [&](const Json& line) {
      out << proto::json_text(Json(bpe.decode_text(ids_of(line)))) << '\n';
    });
  }
  Ids ids;
  for (std::string word; in >> word;) ids.push_back(id_of(word));
  out << bpe.decode(ids);
}

}  // namespace millrace::tools
