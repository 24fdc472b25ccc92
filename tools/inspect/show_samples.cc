// Samples as text, JSON or digests.
#include "tools/inspect/show_samples.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "proto/digest.h"
#include "proto/json_text.h"
#include "tools/inspect/decode_text.h"

namespace millrace::tools {
namespace {

// The identification of a sample, in every form.
struct Label {
  std::string_view split;
  std::uint64_t index;
  std::uint32_t stage;
  std::string time;  ///< empty where the stream has none
  std::string digest;
};

Label label_of(const proto::StreamMeta& meta, const proto::Batch& batch, std::uint32_t row) {
  return {proto::to_string(batch.range.split), batch.range.first + row, stage_of(meta, batch, row),
          time_of(meta, batch, row), proto::hex16(proto::sample_digest(meta.schema, batch, row))};
}

bool on_terminal() { return isatty(STDOUT_FILENO) != 0; }

nlohmann::ordered_json to_json(const Label& label) {
  return {{"split", label.split},
          {"index", label.index},
          {"stage", label.stage},
          {"digest", label.digest}};
}

nlohmann::ordered_json decoded_json(const Label& label, const std::string& stage,
                                    const Decoded& sample) {
  nlohmann::ordered_json json = to_json(label);
  json["stage_name"] = stage;
  if (!label.time.empty()) json["time"] = proto::read_json(label.time);
  json["input"] = sample.joined(sample.input);
  json[sample.predicts_next ? "target" : "original"] = sample.joined(sample.original);
  if (sample.predicts_next) return json;
  json["masked"] = positions(sample, Mark::kMasked);
  json["replaced"] = positions(sample, Mark::kReplaced);
  json["kept"] = positions(sample, Mark::kKept);
  return json;
}

void print_text(const Label& label, const std::string& stage, const Decoded& sample) {
  std::cout << "\n"
            << label.split << " " << label.index << ", stage " << label.stage << " " << stage
            << (label.time.empty() ? "" : ", time " + label.time) << ", digest " << label.digest
            << "\n";
  print(std::cout, sample, on_terminal());
}

void show(const proto::StreamMeta& meta, const proto::Batch& batch, std::uint32_t row, Form form) {
  const Label label = label_of(meta, batch, row);
  if (form == Form::kDigests) {
    std::cout << label.split << " " << label.index << " " << label.stage << " " << label.digest
              << "\n";
  } else if (form == Form::kDigestJson) {
    std::cout << proto::json_text(to_json(label)) << "\n";
  } else {
    const std::string stage = stage_name(meta, batch.range.split, label.stage);
    const Decoded sample = decode(meta, batch, row);
    if (form == Form::kText) {
      print_text(label, stage, sample);
    } else {
      std::cout << proto::json_text(decoded_json(label, stage, sample)) << "\n";
    }
  }
}

}  // namespace

void show_samples(const proto::StreamMeta& meta, const proto::Batch& batch, Form form) {
  for (std::uint32_t row = 0; row < batch.range.count; ++row) show(meta, batch, row, form);
}

void show_legend(Form form) {
  if (form == Form::kText) std::cout << "\nmarks: " << legend(on_terminal()) << "\n";
}

}  // namespace millrace::tools
