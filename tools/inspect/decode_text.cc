// Marks of positions, and their printing in lines.
#include "tools/inspect/decode_text.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "base/text.h"
#include "base/utf8.h"
#include "config/app/terminal_text.h"
#include "proto/schema.h"

namespace millrace::tools {
namespace {

constexpr std::size_t kLineWidth = 96;  // tokens
constexpr std::size_t kIdsInALine = 16;
constexpr const char* kMaskSign = "░";
constexpr const char* kUnknownSign = "�";
constexpr const char* kPlainColour = "\x1b[0m";

const char* colour(Mark mark) {
  switch (mark) {
    case Mark::kMasked: return "\x1b[7m";
    case Mark::kReplaced: return "\x1b[31m";
    case Mark::kKept: return "\x1b[4;32m";
    case Mark::kNone: break;
  }
  return kPlainColour;
}

char letter(Mark mark) {
  switch (mark) {
    case Mark::kMasked: return 'm';
    case Mark::kReplaced: return 'r';
    case Mark::kKept: return 'k';
    case Mark::kNone: break;
  }
  return ' ';
}

// One integer column of a batch, of any width.
class TokenColumn {
 public:
  TokenColumn(const proto::Schema& schema, const proto::Batch& batch, int field)
      : batch_(batch), index_(static_cast<std::size_t>(field)), field_(schema.fields.at(index_)) {}

  [[nodiscard]] std::size_t per_row() const { return field_.values_per_sample(); }
  [[nodiscard]] std::uint64_t at(std::uint32_t row, std::size_t position) const {
    const std::size_t i = row * per_row() + position;
    switch (field_.wire) {
      case proto::WireType::kU8: return batch_.values<std::uint8_t>(index_)[i];
      case proto::WireType::kU16: return batch_.values<std::uint16_t>(index_)[i];
      case proto::WireType::kU32: return batch_.values<std::uint32_t>(index_)[i];
      case proto::WireType::kF32: break;
    }
    throw std::runtime_error("field '" + field_.name + "' holds no token ids");
  }
  [[nodiscard]] bool is_sentinel(std::uint64_t value) const {
    return field_.sentinel && value == proto::largest(field_.wire);
  }

 private:
  const proto::Batch& batch_;
  std::size_t index_;
  const proto::Field& field_;
};

std::string text_of(const proto::StreamMeta& meta, std::uint64_t token) {
  if (meta.mask_token_id && token == *meta.mask_token_id) return kMaskSign;
  if (meta.vocabulary.empty()) return std::to_string(token);
  return token < meta.vocabulary.size() ? meta.vocabulary[token] : kUnknownSign;
}

// A token's text, or a sign for one that a terminal would obey instead of show.
std::string printable(const Decoded& sample, const std::string& text) {
  if (sample.are_ids) return text + " ";
  if (text == "\n") return "↵";
  if (text == "\t") return "→";
  return text.empty() || config::for_terminal(text) != text ? kUnknownSign : text;
}

// `target`: empty if the position has none.
Mark mark_of(const proto::StreamMeta& meta, std::uint64_t input,
             std::optional<std::uint64_t> target, bool all_have_targets) {
  if (meta.mask_token_id && input == *meta.mask_token_id) return Mark::kMasked;
  if (!target) return Mark::kNone;
  if (input != *target) return Mark::kReplaced;
  return all_have_targets ? Mark::kNone : Mark::kKept;
}

std::vector<std::optional<std::uint64_t>> targets(const proto::StreamMeta& meta,
                                                  const proto::Batch& batch, std::uint32_t row,
                                                  std::size_t length) {
  std::vector<std::optional<std::uint64_t>> found(length);
  const int field = meta.schema.find(proto::Role::kTarget);
  if (field < 0) return found;
  const TokenColumn column(meta.schema, batch, field);
  for (std::size_t i = 0; i < std::min(length, column.per_row()); ++i) {
    const std::uint64_t value = column.at(row, i);
    if (!column.is_sentinel(value)) found[i] = value;
  }
  return found;
}

std::string input_line(const Decoded& sample, std::size_t first, std::size_t last, bool colours) {
  std::string line;
  Mark now = Mark::kNone;
  for (std::size_t i = first; i < last; ++i) {
    if (colours && sample.marks[i] != now) {
      now = sample.marks[i];
      line += std::string(kPlainColour) + colour(now);
    }
    line += printable(sample, sample.input[i]);
  }
  return now == Mark::kNone ? line : line + kPlainColour;
}

// The number of characters of a token's text: UTF-8 continuation bytes do not count.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, std::not_fn(base::is_continuation)));
}

std::string mark_line(const Decoded& sample, std::size_t first, std::size_t last) {
  std::string line;
  for (std::size_t i = first; i < last; ++i) {
    line += std::string(columns_of(printable(sample, sample.input[i])), letter(sample.marks[i]));
  }
  return line;
}

std::string original_line(const Decoded& sample, std::size_t first, std::size_t last) {
  std::string line;
  for (std::size_t i = first; i < last; ++i) line += printable(sample, sample.original[i]);
  return line;
}

bool predicts_next(const proto::StreamMeta& meta) {
  const int target = meta.schema.find(proto::Role::kTarget);
  return target >= 0 && !meta.schema.fields[static_cast<std::size_t>(target)].sentinel &&
         !meta.mask_token_id && meta.schema.find(proto::Role::kTime) < 0;
}

}  // namespace

std::string Decoded::joined(const std::vector<std::string>& tokens) const {
  return base::joined(tokens, are_ids ? " " : "");
}

void check_shown(const proto::StreamMeta& meta) {
  const int field = meta.schema.find(proto::Role::kInput);
  if (field >= 0 &&
      meta.schema.fields[static_cast<std::size_t>(field)].wire != proto::WireType::kF32) {
    return;
  }
  throw std::runtime_error("stream " + meta.fingerprint +
                           " has no input of token ids to show; see the samples' digests with "
                           "--digest");
}

Decoded decode(const proto::StreamMeta& meta, const proto::Batch& batch, std::uint32_t row) {
  check_shown(meta);
  const int field = meta.schema.find(proto::Role::kInput);
  const TokenColumn column(meta.schema, batch, field);
  const auto wanted = targets(meta, batch, row, column.per_row());
  const bool all =
      std::ranges::all_of(wanted, [](const auto& target) { return target.has_value(); });
  Decoded sample;
  sample.predicts_next = predicts_next(meta);
  sample.are_ids = meta.vocabulary.empty();
  for (std::size_t i = 0; i < column.per_row(); ++i) {
    const std::uint64_t token = column.at(row, i);
    sample.input.push_back(text_of(meta, token));
    sample.original.push_back(text_of(meta, wanted[i].value_or(token)));
    sample.marks.push_back(sample.predicts_next ? Mark::kNone
                                                : mark_of(meta, token, wanted[i], all));
  }
  return sample;
}

std::uint32_t stage_of(const proto::StreamMeta& meta, const proto::Batch& batch,
                       std::uint32_t row) {
  const int field = meta.schema.find(proto::Role::kStage);
  return field < 0 ? 0
                   : static_cast<std::uint32_t>(TokenColumn(meta.schema, batch, field).at(row, 0));
}

std::string time_of(const proto::StreamMeta& meta, const proto::Batch& batch, std::uint32_t row) {
  const int field = meta.schema.find(proto::Role::kTime);
  if (field < 0) return {};
  const auto column = static_cast<std::size_t>(field);
  if (meta.schema.fields[column].wire != proto::WireType::kF32) {
    return std::to_string(TokenColumn(meta.schema, batch, field).at(row, 0));
  }
  std::ostringstream text;
  text << batch.values<float>(column)[row];
  return text.str();
}

std::string stage_name(const proto::StreamMeta& meta, proto::Split split, std::uint32_t stage) {
  const std::vector<std::string>& names =
      split == proto::Split::kTrain ? meta.train_stages : meta.val_stages;
  return stage < names.size() ? names[stage] : "unknown";
}

std::vector<std::size_t> positions(const Decoded& sample, Mark mark) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < sample.marks.size(); ++i) {
    if (sample.marks[i] == mark) found.push_back(i);
  }
  return found;
}

void print(std::ostream& out, const Decoded& sample, bool colours) {
  const std::size_t width = sample.are_ids ? kIdsInALine : kLineWidth;
  for (std::size_t first = 0; first < sample.input.size(); first += width) {
    const std::size_t last = std::min(first + width, sample.input.size());
    out << "  input    " << input_line(sample, first, last, colours) << "\n";
    if (!colours && !sample.predicts_next) {
      out << "           " << mark_line(sample, first, last) << "\n";
    }
    out << (sample.predicts_next ? "  target   " : "  original ")
        << original_line(sample, first, last) << "\n";
  }
}

std::string legend(bool colours) {
  const auto sign = [&](Mark mark, const char* what) {
    return colours ? std::string(colour(mark)) + what + kPlainColour
                   : std::string(1, letter(mark)) + " " + what;
  };
  return sign(Mark::kMasked, "masked") + " (" + kMaskSign + "), " +
         sign(Mark::kReplaced, "replaced by another token") + ", " +
         sign(Mark::kKept, "to be predicted, but left as it was") + "; ↵ is a newline";
}

}  // namespace millrace::tools
