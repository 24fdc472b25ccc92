// The record of used samples (sample_log.h).
#include "trainer/run/sample_log.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proto/digest.h"
#include "proto/file_name.h"
#include "proto/types.h"

namespace millrace::trainer {
namespace {

std::filesystem::path truncated_file(const std::filesystem::path& path, std::uint64_t step,
                                     LogLinks links) {
  truncate_after(path, step, step_of_record_line, links);
  return path;
}

/// The stage column is one byte wide, which every stage number fits.
unsigned stage_of(const proto::Schema& schema, const proto::Batch& batch, std::uint32_t row) {
  const int field = schema.find(proto::Role::kStage);
  return field < 0 ? 0 : batch.values<std::uint8_t>(static_cast<std::size_t>(field))[row];
}

}  // namespace

std::optional<std::uint64_t> step_of_record_line(std::string_view line) {
  constexpr std::size_t kColumns = 5;
  std::array<std::string_view, kColumns> columns;
  for (std::string_view& column : columns) {
    const std::size_t end = std::min(line.find(' '), line.size());
    column = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto& [step, split, index, stage, digest] = columns;
  const bool is_whole = line.empty() && base::parse_number<std::uint64_t>(index) &&
                        base::parse_number<std::uint8_t>(stage) && proto::is_id(digest) &&
                        proto::split_from(split);
  return is_whole ? base::parse_number<std::uint64_t>(step) : std::nullopt;
}

SampleLog::SampleLog(const std::filesystem::path& path, const proto::Schema& schema,
                     std::uint64_t step, LogLinks links)
    : schema_(schema), file_(truncated_file(path, step, links), links) {}

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
