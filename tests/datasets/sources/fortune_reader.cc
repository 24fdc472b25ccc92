// Files of the program fortune: texts with a line "%" between them.
#include "tests/datasets/sources/fortune_reader.h"

namespace millrace::datasets {
namespace {

class FortuneReader final : public DocumentReader {
 public:
  explicit FortuneReader(DocumentSink& sink) : sink_(sink) { sink_.begin_document(); }

  void take(std::string_view piece) override {
    for (const char c : piece) {
      line_ += c;  // a line may come in several pieces
      if (c == '\n') end_line();
    }
  }

  void finish() override {
    end_line();
    sink_.end_document();
  }

 private:
  void end_line() {
    if (line_ == "%\n" || line_ == "%") {
      sink_.end_document();
      sink_.begin_document();
    } else {
      sink_.append(line_);
    }
    line_.clear();
  }

  DocumentSink& sink_;
  std::string line_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_fortune_reader(DocumentSink& sink,
                                                    const std::string& /*place*/,
                                                    const std::string& /*column*/) {
  return std::make_unique<FortuneReader>(sink);
}

}  // namespace millrace::datasets
