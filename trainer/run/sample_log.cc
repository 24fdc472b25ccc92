// The record of used samples (sample_log.h).
#include "trainer/run/sample_log.h"

#include "base/text.h"
#include "proto/digest.h"

namespace millrace::trainer {
namespace {

std::filesystem::path truncated_file(const std::filesystem::path& path, std::uint64_t step) {
  truncate_after(path, step, step_of_record_line);
  return path;
}

/// The stage column is one byte wide, which every stage number fits.
unsigned stage_of(const proto::Schema& schema, const proto::Batch& batch, std::uint32_t row) {
  const int field = schema.find(proto::Role::kStage);
  return field < 0 ? 0 : batch.values<std::uint8_t>(static_cast<std::size_t>(field))[row];
}

}  // namespace

std::optional<std::uint64_t> step_of_record_line(std::string_view line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  return base::parse_number<std::uint64_t>(line.substr(0, end));
}

SampleLog::SampleLog(const std::filesystem::path& path, const proto::Schema& schema,
                     std::uint64_t step)
    : schema_(schema), file_(truncated_file(path, step)) {}

void SampleLog::add(const proto::Batch& batch) {
  for (std::uint32_t row = 0; row < batch.range.count; ++row) {
    noted_.push_back({batch.range.split, batch.range.first + row, stage_of(schema_, batch, row),
                      proto::sample_digest(schema_, batch, row)});
  }
}

void SampleLog::commit(std::uint64_t step) {
  std::string lines;
  for (const Sample& sample : noted_) {
    lines += std::to_string(step) + ' ' + std::string(proto::to_string(sample.split)) + ' ' +
             std::to_string(sample.index) + ' ' + std::to_string(sample.stage) + ' ' +
             proto::hex16(sample.digest) + '\n';
  }
  if (!lines.empty()) file_.append(lines);
  noted_.clear();
}

}  // namespace millrace::trainer
