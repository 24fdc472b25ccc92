// The work of tokenize: continues the record, and encodes split by split.
#include "tools/tokenize/tokenize_files.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "base/text.h"
#include "config/app/progress.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "datasets/bpe/bpe_encoder.h"
#include "datasets/io/mapped_file.h"
#include "datasets/tokens/token_file.h"
#include "proto/files.h"
#include "tools/tokenize/shard_writer.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Ids = std::vector<std::uint32_t>;

std::map<std::string, std::string> settings_of(const TokenizeRequest& request) {
  auto settings = request.inputs;
  settings["tokenizer_hash"] = request.bpe->hash();
  settings["shard_tokens"] = request.shard_tokens ? std::to_string(*request.shard_tokens) : "none";
  return settings;
}

TokenRecord new_record(const TokenizeRequest& request) {
  TokenRecord record;
  record.settings = settings_of(request);
  record.width = datasets::token_width(request.bpe->vocab_size());
  record.vocab_size = request.bpe->vocab_size();
  record.end_of_text = request.bpe->end_of_text();
  record.tokenizer = request.tokenizer;
  record.dataset = request.dataset;
  for (const SplitText& text : request.splits) {
    record.splits[std::string(proto::to_string(text.split))].documents = text.count;
  }
  return record;
}

/// Drops the files of a split from the first one on that is missing or has another size.
void drop_missing(const fs::path& folder, proto::WireType width, SplitRecord& split) {
  const auto is_missing = [&](const Shard& shard) {
    const auto file = proto::real_disk().stat(folder / shard.file);
    return !file || file->size_bytes != shard.tokens * proto::width(width);
  };
  const auto missing = std::ranges::find_if(split.shards, is_missing);
  if (missing == split.shards.end()) return;
  split.shards.erase(missing, split.shards.end());
  split.complete = false;
}

bool is_token_file(const std::string& name) {
  return !name.starts_with('.') && name.ends_with(".bin");
}

/// The record of earlier runs with the same inputs in the folder; a new one if there is none.
TokenRecord continue_record(const TokenizeRequest& request) {
  std::optional<TokenRecord> record = read_record(request.out);
  if (!record) {
    const auto names = proto::real_disk().list(request.out);
    const auto foreign = std::ranges::find_if(names, is_token_file);
    if (foreign == names.end()) return new_record(request);
    throw config::UsageError(
        (request.out / *foreign).string() +
        " is there, and no meta.json that says what it was made of; take another --out");
  }
  const auto changed = proto::differences(settings_of(request), record->settings);
  if (!changed.empty()) {
    throw config::UsageError(request.out.string() + ": these are tokens of other inputs: " +
                             proto::describe(changed, "now", "there") +
                             "; take another --out, or remove this folder");
  }
  const auto is_there = [&](const SplitText& text) {
    return record->splits.contains(std::string(proto::to_string(text.split)));
  };
  if (record->splits.size() != request.splits.size() ||
      !std::ranges::all_of(request.splits, is_there)) {
    throw std::runtime_error((request.out / kRecordFile).string() +
                             ": its splits are not those of its own settings; remove this folder");
  }
  for (auto& [name, split] : record->splits) drop_missing(request.out, record->width, split);
  return *record;
}

/// Removes incomplete files of a killed run.
void remove_leftovers(const fs::path& folder) {
  for (const std::string& name : proto::real_disk().list(folder)) {
    const auto of = proto::final_name_of(name);
    if (of && (*of == kRecordFile || of->ends_with(".bin"))) {
      proto::try_remove_all(folder / name, proto::real_disk());
    }
  }
}

/// The work on one split.
class SplitWork {
 public:
  SplitWork(const TokenizeRequest& request, const SplitText& text, TokenRecord& record)
      : request_(request),
        text_(text),
        name_(proto::to_string(text.split)),
        record_(record),
        mine_(record.splits.at(name_)),
        encoder_(*request.bpe),
        newline_(request.bpe->end_of_text() ? Ids() : request.bpe->encode("\n")),
        writer_(
            {request.out, name_, record.width, request.shard_tokens}, mine_.shards,
            [this] { claim(); }, [this](Shard shard) { add(std::move(shard)); }) {}

  void run() {
    for (std::uint64_t i = writer_.next_document(); i < text_.count; ++i) {
      encode(text_.document(i), i);
      writer_.end_document();
    }
    writer_.finish();
    mine_.complete = true;
    write_record(request_.out, record_);
    progress_.clear();
    spdlog::info("{}: {} tokens of {} in {}", name_, mine_.tokens(),
                 base::counted(mine_.documents, "document"),
                 base::counted(mine_.shards.size(), "file"));
  }

 private:
  /// Writes the record before the first file appears, so that a run that is killed between them
  /// recognises the file.
  void claim() {
    if (record_.empty()) write_record(request_.out, record_);
  }

  void add(Shard shard) {
    if (const auto changed = files_.changed()) throw std::runtime_error(*changed);
    mine_.shards.push_back(std::move(shard));
    write_record(request_.out, record_);
  }

  void encode(std::string_view document, std::uint64_t number) try {
    encoder_.encode(document, datasets::Specials::kAsText,
                    [this](std::span<const std::uint32_t> ids) { take(ids); });
    take(separator_after(document, number));
  } catch (const config::Stopped&) {
    throw;
  } catch (const proto::DiskError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(
        fmt::format("{}: document {} of {}: {}", request_.place, number + 1, name_, error.what()));
  }

  /// <|endoftext|> after every document, as nanoGPT does; without that token a newline between
  /// documents, unless there is one.
  Ids separator_after(std::string_view document, std::uint64_t number) const {
    if (const auto end_of_text = request_.bpe->end_of_text()) return {*end_of_text};
    const bool is_last = number + 1 == text_.count;
    return is_last || document.ends_with('\n') ? Ids() : newline_;
  }

  void take(std::span<const std::uint32_t> ids) {
    config::check_stop("stopped before the end; the same command goes on");
    writer_.append(ids);
    for (const std::uint32_t id : ids) bytes_ += request_.bpe->bytes(id).size();
    progress_.update([this] {
      const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      const double mega_bytes = static_cast<double>(bytes_) / 1e6;
      return fmt::format("{}: {} tokens; {:.1f} MB, {:.1f} MB/s, of {:.1f} MB", name_,
                         writer_.tokens(), mega_bytes, mega_bytes / seconds,
                         static_cast<double>(text_.bytes) / 1e6);
    });
  }

  const TokenizeRequest& request_;
  const SplitText& text_;
  std::string name_;
  TokenRecord& record_;
  SplitRecord& mine_;
  datasets::BpeEncoder encoder_;
  Ids newline_;
  ShardWriter writer_;
  datasets::FilesRead files_;
  config::Progress progress_;
  std::uint64_t bytes_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

TokenRecord tokenize(const TokenizeRequest& request) {
  proto::make_durable_folders(request.out, proto::real_disk());
  const auto lock = proto::real_disk().lock(request.out / ".lock");
  if (!lock) {
    throw std::runtime_error(
        request.out.string() +
        ": another tokenize is at work in this folder; wait for it, or take another --out");
  }
  TokenRecord record = continue_record(request);
  remove_leftovers(request.out);
  for (const SplitText& text : request.splits) {
    const std::string name(proto::to_string(text.split));
    if (record.splits.at(name).complete) {
      spdlog::info("{}: {} tokens are there", name, record.splits.at(name).tokens());
    } else {
      SplitWork(request, text, record).run();
    }
  }
  return record;
}

}  // namespace millrace::tools
