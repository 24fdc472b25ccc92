// JSON Lines, a line at a time, by events rather than as a tree: only the text is kept.
#include "datasets/sources/jsonl_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "datasets/io/names_list.h"
#include "datasets/sources/python_json.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kNull = "null";
constexpr std::size_t kMaxLineBytes = std::size_t{256} << 20;

/// Takes the events of one line: finds the value of the wanted key of the outermost object, or why
/// there is none.
class LineHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit LineHandler(const std::string& key) : wanted_key_(&key) {}

  std::string text;
  std::size_t text_string = 0;  ///< number of the string that is the text, keys counted too
  bool found = false;
  std::string other_type;  ///< the value's type, where it is no string
  bool top_is_object = false;
  std::vector<std::string> keys;  ///< of the outermost object: the first ones
  std::string problem;
  std::size_t problem_byte = 0;

  bool null() override { return value(kNull); }
  bool boolean(bool) override { return value("true or false"); }
  bool number_integer(number_integer_t) override { return value("a number"); }
  bool number_unsigned(number_unsigned_t) override { return value("a number"); }
  bool number_float(number_float_t, const string_t&) override { return value("a number"); }
  bool binary(binary_t&) override { return value("binary"); }
  bool string(string_t& content) override {
    const std::size_t number = strings_++;
    if (!is_wanted()) return true;
    text_string = number;
    found = true;
    other_type.clear();
    text = std::move(content);
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) top_is_object = true;
    (void)value("an object");
    ++depth_;
    return true;
  }
  bool key(string_t& name) override {
    ++strings_;
    if (depth_ != 1) return true;
    key_is_wanted_ = name == *wanted_key_;
    constexpr std::size_t kKept = 64;
    if (keys.size() < kKept) keys.push_back(name);
    return true;
  }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override {
    (void)value("an array");
    ++depth_;
    return true;
  }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::detail::exception&) override {
    problem = "not valid JSON";
    problem_byte = byte;
    return false;
  }

 private:
  [[nodiscard]] bool is_wanted() const { return depth_ == 1 && top_is_object && key_is_wanted_; }
  /// A value that is no string.
  bool value(std::string_view type) {
    if (!is_wanted()) return true;
    found = true;
    other_type = type;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }

  const std::string* wanted_key_;
  std::size_t strings_ = 0;
  std::size_t depth_ = 0;
  bool key_is_wanted_ = false;
};

class JsonlReader final : public DocumentReader {
 public:
  JsonlReader(DocumentSink& sink, std::string place, std::string key)
      : sink_(sink), place_(std::move(place)), key_(std::move(key)) {}

  void take(std::string_view piece) override {
    for (std::size_t end = piece.find('\n'); end != std::string_view::npos;
         end = piece.find('\n')) {
      hold(piece.substr(0, end));
      end_line();
      piece.remove_prefix(end + 1);
    }
    hold(piece);
  }

  void finish() override {
    end_line();
    if (objects_ == 0) {
      throw std::runtime_error(place_ +
                               ": the file is empty; each of its lines must be a JSON object");
    }
  }

 private:
  [[nodiscard]] std::string where() const {
    return place_ + ": line " + std::to_string(line_number_ + 1) + ": ";
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(where() + what);
  }

  void hold(std::string_view part) {
    if (line_.size() + part.size() > kMaxLineBytes) {
      refuse("longer than 256 MiB; JSON Lines has one object a line");
    }
    line_ += part;
  }

  void end_line() {
    if (line_.find_first_not_of(" \t\r") != std::string::npos) take_line();
    line_.clear();
    ++line_number_;
  }

  void take_line() {
    LineHandler handler(key_);
    if (!Json::sax_parse(line_, &handler)) handler = parse_pythons(handler);
    if (!handler.top_is_object) {
      refuse(
          "not a JSON object; JSON Lines has one object a line, and an array of objects becomes "
          "that with jq -c '.[]' FILE > NEW");
    }
    const std::string keys = "; its keys are " + quoted_list(handler.keys);
    if (key_.empty()) refuse("say which key holds the text with --data.column=NAME" + keys);
    ++objects_;
    if (!handler.found) return missing("there is no key '" + key_ + "' (data.column)" + keys);
    if (handler.other_type == kNull) return missing("'" + key_ + "' is null, not a text" + keys);
    if (!handler.other_type.empty()) {
      refuse("'" + key_ + "' is " + handler.other_type + ", not a text" + keys);
    }
    if (handler.text.empty()) return;
    sink_.begin_document();
    sink_.append(handler.text);
    sink_.end_document();
  }

  /// Parses a line that is not JSON, as `failed` says, as Python's JSON, whose text must be right.
  [[nodiscard]] LineHandler parse_pythons(const LineHandler& failed) const {
    const StandardJson standard = standard_json(line_);
    LineHandler handler(key_);
    if (!Json::sax_parse(standard.line, &handler)) {
      refuse(failed.problem + " at its byte " + std::to_string(failed.problem_byte) +
             "; JSON Lines has one object a line");
    }
    const bool is_text = handler.found && handler.other_type.empty();
    if (is_text && std::ranges::binary_search(standard.damaged_strings, handler.text_string)) {
      refuse("not valid JSON: '" + key_ +
             "' has half of a surrogate pair (\\ud800 to \\udfff), which is no character");
    }
    return handler;
  }

  void missing(const std::string& what) {
    sink_.missing_text(where() + what +
                       "; leave such lines out, counted, with --data.missing=skip");
  }

  DocumentSink& sink_;
  std::string place_;
  std::string key_;
  std::string line_;
  std::uint64_t line_number_ = 0;
  std::uint64_t objects_ = 0;
};

}  // namespace

std::unique_ptr<DocumentReader> make_jsonl_reader(DocumentSink& sink, const std::string& place,
                                                  const std::string& key) {
  return std::make_unique<JsonlReader>(sink, place, key);
}

}  // namespace millrace::datasets
