// CSV and JSON Lines: the documents of a file do not depend on the pieces in which it is read.
#include <functional>
#include <optional>
#include <vector>

#include "datasets/index/valid_text.h"
#include "datasets/sources/csv_reader.h"
#include "datasets/sources/jsonl_reader.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {
namespace {

using Texts = std::vector<std::string>;
using MakeReader =
    std::function<std::unique_ptr<datasets::DocumentReader>(datasets::DocumentSink&)>;

class Collected final : public datasets::DocumentSink {
 public:
  Texts texts;
  void begin_document() override {
    require(!open_, "documents do not overlap");
    open_ = true;
    texts.emplace_back();
  }
  void append(std::string_view piece) override {
    require(open_, "text lies in a document");
    texts.back() += piece;
  }
  void end_document() override { open_ = false; }

 private:
  bool open_ = false;
};

/// Empty where the file is refused.
std::optional<Texts> read_in_pieces(std::string_view input, std::size_t piece,
                                    const MakeReader& make) {
  Collected collected;
  try {
    const auto reader = make(collected);
    datasets::ValidText valid("input");
    for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
      reader->take(valid.take(input.substr(0, piece)));
    }
    valid.finish();
    reader->finish();
    return collected.texts;
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

bool take(std::string_view input, const MakeReader& make) {
  const auto whole = read_in_pieces(input, input.size() + 1, make);
  for (const std::size_t piece : {1, 3, 7}) {
    require(read_in_pieces(input, piece, make) == whole, "pieces do not matter");
  }
  if (!whole) {
    return false;
  }
  std::size_t bytes = 0;
  for (const std::string& each : *whole) bytes += each.size();
  require(bytes <= input.size(), "documents are parts of the file");
  return true;
}

}  // namespace

bool take_csv(std::string_view input) {
  const bool one =
      take(input, [](auto& sink) { return datasets::make_csv_reader(sink, "input", ""); });
  const bool named =
      take(input, [](auto& sink) { return datasets::make_csv_reader(sink, "input", "text"); });
  return one || named;
}

bool take_jsonl(std::string_view input) {
  return take(input, [](auto& sink) { return datasets::make_jsonl_reader(sink, "input", "text"); });
}

}  // namespace millrace::fuzz
