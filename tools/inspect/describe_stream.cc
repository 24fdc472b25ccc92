// A stream's meta as text or JSON.
#include "tools/inspect/describe_stream.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/app/terminal_text.h"
#include "proto/json_text.h"
#include "proto/meta_json.h"

namespace millrace::tools {
namespace {

using config::for_terminal;

std::string size_of(const proto::StreamMeta& meta, proto::Split split) {
  const std::uint64_t size = meta.size(split);
  if (size == proto::kEndless) {
    return "endless" + (meta.epoch_samples
                            ? ", " + std::to_string(*meta.epoch_samples) + " samples an epoch"
                            : "");
  }
  return size == 0 ? "none" : std::to_string(size) + " samples";
}

void describe_stages(std::ostream& out, const char* what, const std::vector<std::string>& stages) {
  out << "  " << what << "\n";
  for (std::size_t i = 0; i < stages.size(); ++i) {
    out << "    " << i << "  " << for_terminal(stages[i]) << "\n";
  }
}

}  // namespace

std::string describe(const proto::Field& field) {
  return for_terminal(field.name) + ": " + std::string(proto::to_string(field.role)) + ", " +
         std::string(proto::to_string(field.wire)) + " [" + base::joined(field.shape) + "]" +
         (field.sentinel ? ", with a sentinel" : "");
}

void describe(std::ostream& out, const proto::StreamMeta& meta) {
  out << "stream " << meta.fingerprint << "\n"
      << "  provider " << for_terminal(meta.provider) << ", format " << meta.format_version << "\n"
      << "  dataset  " << for_terminal(meta.dataset_name) << ", xxh64 "
      << for_terminal(meta.dataset_hash) << ", data seed " << meta.data_seed << "\n"
      << "  tokens   " << meta.vocab_size << " in the vocabulary, " << meta.block_size
      << " a sample\n"
      << "  splits   ";
  out << base::joined(proto::kSplits, "; ", [&](proto::Split split) {
    return std::string(proto::to_string(split)) + " " + size_of(meta, split);
  });
  out << "\n  fields   " << meta.schema.bytes_per_sample() << " B a sample\n";
  for (const proto::Field& field : meta.schema.fields) out << "    " << describe(field) << "\n";
  describe_stages(out, "stages of train", meta.train_stages);
  describe_stages(out, "stages of val", meta.val_stages);
}

std::string to_json_line(const proto::StreamMeta& meta) {
  return proto::json_text(proto::read_json(proto::to_json(meta)));
}

}  // namespace millrace::tools
