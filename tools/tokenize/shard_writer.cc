// Files of equal length, one after the other.
#include "tools/tokenize/shard_writer.h"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace millrace::tools {

ShardWriter::ShardWriter(Plan plan, std::span<const Shard> existing, BeforeFile before,
                         WhenComplete when_complete)
    : plan_(std::move(plan)),
      before_(std::move(before)),
      when_complete_(std::move(when_complete)),
      number_(existing.size()) {
  for (const Shard& shard : existing) tokens_ += shard.tokens;
  if (!existing.empty()) {
    document_ = existing.back().next_document;
    taken_tokens_ = existing.back().taken_tokens;
  }
  to_skip_ = taken_tokens_;
}

void ShardWriter::append(std::span<const std::uint32_t> ids) {
  const std::uint64_t skipped = std::min<std::uint64_t>(to_skip_, ids.size());
  to_skip_ -= skipped;
  write(ids.subspan(skipped));
}

void ShardWriter::write(std::span<const std::uint32_t> ids) {
  const std::uint64_t full = plan_.shard_tokens.value_or(std::numeric_limits<std::uint64_t>::max());
  while (!ids.empty()) {
    if (!file_) {
      file_ = std::make_unique<datasets::TokenFileWriter>(plan_.folder / file_name(), plan_.width);
    }
    const auto now = ids.first(std::min<std::uint64_t>(ids.size(), full - file_->size()));
    file_->append(now);
    taken_tokens_ += now.size();
    tokens_ += now.size();
    ids = ids.subspan(now.size());
    if (file_->size() == full) finish_file();
  }
}

void ShardWriter::end_document() {
  ++document_;
  taken_tokens_ = 0;
}

void ShardWriter::finish() {
  if (file_) finish_file();
}

void ShardWriter::finish_file() {
  before_();
  Shard shard{file_name(), file_->size(), file_->finish(), document_, taken_tokens_};
  file_.reset();
  ++number_;
  when_complete_(std::move(shard));
}

std::string ShardWriter::file_name() const {
  if (!plan_.shard_tokens) return plan_.split + ".bin";
  char number[32];
  std::snprintf(number, sizeof number, "_%06llu.bin", static_cast<unsigned long long>(number_));
  return plan_.split + number;
}

}  // namespace millrace::tools
