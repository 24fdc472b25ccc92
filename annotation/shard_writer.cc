// The files of a growing shard, and its finish.
#include "annotation/shard_writer.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "proto/digest.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

/// The records and the index of a shard, out of the growing file, where each record is followed by
/// its index entry.
struct Sections {
  std::vector<std::string_view> records;
  std::uint64_t records_checksum = 0;
  std::string index;
};

Sections sections_of(std::string_view growing, std::size_t record_bytes) {
  proto::Digest digest;
  Sections sections;
  for (std::size_t at = 0; at < growing.size(); at += record_bytes + kIndexEntryBytes) {
    sections.records.push_back(growing.substr(at, record_bytes));
    digest.update(std::as_bytes(std::span(sections.records.back())));
    sections.index += growing.substr(at + record_bytes, kIndexEntryBytes);
  }
  sections.records_checksum = digest.value();
  return sections;
}

}  // namespace

ShardWriter::ShardWriter(const fs::path& folder, ShardHeader header)
    : path_(folder / shard_name(header.shard, header.shards)),
      header_(std::move(header)),
      layout_(header_.selection, header_.vocab_size, header_.chunk_length) {
  header_.chunks = header_.filling_chunks = header_.passages = header_.remainder_tokens = 0;
  lock_ = proto::real_disk().lock(beside(".lock"));
  if (!lock_) {
    throw std::runtime_error(path_.string() +
                             ": another annotate is at work on this shard; let it end, or stop it");
  }
  if (!continue_from_progress()) {
    header_.chunks = header_.filling_chunks = passages_done_ = 0;
    pending_ = {};
  }
  open_records();
}

fs::path ShardWriter::beside(std::string_view suffix) const {
  return path_.parent_path() / ("." + path_.filename().string() + std::string(suffix));
}

/// The header without counts, as the progress file has it.
std::string ShardWriter::planned_header() const {
  ShardHeader planned = header_;
  planned.chunks = planned.filling_chunks = planned.passages = planned.remainder_tokens = 0;
  return to_json(planned);
}

bool ShardWriter::continue_from_progress() try {
  const auto progress_file = proto::real_disk().read(beside(".progress"), proto::Disk::kAll);
  if (!progress_file) return false;
  const auto progress = proto::read_json(proto::text(progress_file->bytes));
  if (progress.at("of") != planned_header()) {
    spdlog::warn("{}: begun with other settings or data; it is begun anew", path_.string());
    return false;
  }
  passages_done_ = proto::whole<std::uint64_t>(progress.at("passages"));
  header_.chunks = proto::whole<std::uint64_t>(progress.at("chunks"));
  header_.filling_chunks = proto::whole<std::uint64_t>(progress.at("filling_chunks"));
  pending_.tokens = progress.at("pending_tokens").get<std::vector<std::uint32_t>>();
  for (const std::uint32_t bits : progress.at("pending_scores").get<std::vector<std::uint32_t>>()) {
    pending_.scores.push_back(std::bit_cast<float>(bits));
  }
  const auto records = proto::real_disk().stat(beside(".records"));
  const std::uint64_t chunk_bytes = layout_.record_bytes + kIndexEntryBytes;
  if (!records || records->size_bytes / chunk_bytes < header_.chunks ||
      header_.filling_chunks > header_.chunks || pending_.tokens.size() != pending_.scores.size() ||
      pending_.tokens.size() >= header_.chunk_length) {
    throw std::runtime_error("its records are not all there");
  }
  return true;
} catch (const std::exception& error) {
  spdlog::warn("{}: what an earlier run left cannot be used ({}); it is begun anew", path_.string(),
               error.what());
  return false;
}

void ShardWriter::open_records() {
  const fs::path path = beside(".records");
  records_ =
      proto::Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  const auto size = static_cast<off_t>(header_.chunks * (layout_.record_bytes + kIndexEntryBytes));
  if (!records_.is_open() || ::ftruncate(records_.get(), size) != 0 ||
      ::lseek(records_.get(), size, SEEK_SET) != size) {
    throw proto::DiskError(path, "cannot write", errno);
  }
}

void ShardWriter::add(std::span<const std::uint32_t> tokens, std::span<const std::uint16_t> order,
                      std::span<const float> scores, const Capacity& capacity) {
  append_record(layout_, tokens, order, scores, unwritten_);
  append_index_entry(capacity, unwritten_);
  ++header_.chunks;
  if (fills(capacity, header_.stage1_length, header_.stage2_length)) ++header_.filling_chunks;
  if (unwritten_.size() >= kFlushBytes) flush();
}

void ShardWriter::flush() {
  proto::write_all(records_.get(), unwritten_, beside(".records"));
  unwritten_.clear();
}

void ShardWriter::save(std::uint64_t passages, Pending pending) {
  flush();
  if (::fdatasync(records_.get()) != 0) {
    throw proto::DiskError(beside(".records"), "cannot write", errno);
  }
  passages_done_ = passages;
  pending_ = std::move(pending);
  std::vector<std::uint32_t> bits;
  for (const float score : pending_.scores) bits.push_back(std::bit_cast<std::uint32_t>(score));
  const nlohmann::ordered_json progress = {{"of", planned_header()},
                                           {"passages", passages_done_},
                                           {"chunks", header_.chunks},
                                           {"filling_chunks", header_.filling_chunks},
                                           {"pending_tokens", pending_.tokens},
                                           {"pending_scores", bits}};
  proto::replace_file(beside(".progress"), proto::json_text(progress));
}

void ShardWriter::finish(std::uint64_t passages, std::uint64_t remainder_tokens) {
  flush();
  header_.passages = passages;
  header_.remainder_tokens = remainder_tokens;
  {
    const datasets::MappedFile mapped(beside(".records"));
    const Sections sections = sections_of(mapped.bytes(), layout_.record_bytes);
    const std::string beginning =
        shard_beginning(header_, sections.records_checksum, proto::xxh64(sections.index));
    std::vector<std::string_view> pieces = {beginning};
    pieces.insert(pieces.end(), sections.records.begin(), sections.records.end());
    pieces.push_back(sections.index);
    const fs::path temporary = proto::temporary_name(path_);
    try {
      proto::real_disk().write(temporary, pieces);
      proto::real_disk().sync(temporary);
      proto::real_disk().rename(temporary, path_);
      proto::real_disk().sync(path_.parent_path());
    } catch (const proto::DiskError&) {
      proto::try_remove_all(temporary, proto::real_disk());
      throw;
    }
  }
  for (const std::string_view suffix : {".records", ".progress", ".lock"}) {
    proto::try_remove_all(beside(suffix), proto::real_disk());
  }
}

}  // namespace millrace::annotation
