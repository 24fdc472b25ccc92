// A file as one document.
#include "datasets/sources/whole_reader.h"

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

}  // namespace

std::unique_ptr<DocumentReader> make_whole_reader(DocumentSink& sink, const std::string& /*place*/,
                                                  const std::string& /*column*/) {
  return std::make_unique<WholeReader>(sink);
}

}  // namespace millrace::datasets
