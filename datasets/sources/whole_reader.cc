// Hands a file on as one document (whole_reader.h).
#include "datasets/sources/whole_reader.h"

#include <stdexcept>

#include "datasets/sources/line_ends.h"

namespace millrace::datasets {
namespace {

class WholeReader final : public DocumentReader {
 public:
  explicit WholeReader(DocumentSink& sink) : sink_(sink) { sink_.begin_document(); }
  void take(std::string_view piece) override { sink_.append(piece); }
  void finish() override { sink_.end_document(); }

 private:
  DocumentSink& sink_;
};

/// Hands the file on as it is. A file of several lines without a newline is refused.
class LinesReader final : public DocumentReader {
 public:
  LinesReader(DocumentSink& sink, std::string place) : whole_(sink), place_(std::move(place)) {}

  void take(std::string_view piece) override {
    has_newline_ = has_newline_ || piece.find('\n') != std::string_view::npos;
    if (!has_newline_) has_return_ = has_return_ || piece.find('\r') != std::string_view::npos;
    whole_.take(piece);
  }
  void finish() override {
    if (has_return_ && !has_newline_) {
      throw std::runtime_error(place_ + ": " + std::string(kReturnsAlone));
    }
    whole_.finish();
  }

 private:
  WholeReader whole_;
  std::string place_;
  bool has_newline_ = false;
  bool has_return_ = false;
};

}  // namespace

std::unique_ptr<DocumentReader> make_lines_reader(DocumentSink& sink, const std::string& place,
                                                  const std::string& /*column*/) {
  return std::make_unique<LinesReader>(sink, place);
}

std::unique_ptr<DocumentReader> make_whole_reader(DocumentSink& sink, const std::string& /*place*/,
                                                  const std::string& /*column*/) {
  return std::make_unique<WholeReader>(sink);
}

}  // namespace millrace::datasets
