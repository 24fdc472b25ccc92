// CSV, a byte at a time. All bytes with a meaning are ASCII, so no character is cut.
//
// Cases that RFC 4180 leaves open: a quote inside a field that does not begin with one, and a
// carriage return without a newline, are ordinary characters, except in the header and behind a
// closing quote, where they end a line of an old system; a blank line is no record.
#include "datasets/sources/csv_reader.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "datasets/io/names_list.h"
#include "datasets/sources/line_ends.h"

namespace millrace::datasets {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 20;

class CsvReader final : public DocumentReader {
 public:
  CsvReader(DocumentSink& sink, std::string place, std::string column)
      : sink_(sink), place_(std::move(place)), column_(std::move(column)) {}

  void take(std::string_view piece) override {
    std::size_t run = 0;  // start of the ordinary bytes that were not handed on yet
    for (std::size_t at = 0; at < piece.size(); ++at) {
      // The common case: skip to the end of the quotes.
      if (state_ == State::kQuoted && piece[at] != '"') {
        const std::size_t quote = std::min(piece.find('"', at), piece.size());
        lines_ += static_cast<std::uint64_t>(
            std::count(piece.begin() + static_cast<std::ptrdiff_t>(at),
                       piece.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
        at = quote - 1;
        continue;
      }
      if (held_return_ && piece[at] != '\n') give_return();
      if (is_ordinary(piece[at])) continue;
      give(piece.substr(run, at - run));
      step(piece[at]);
      run = at + 1;
    }
    give(piece.substr(std::min(run, piece.size())));
  }

  [[nodiscard]] std::string column() const override { return names_[wanted_]; }

  void finish() override {
    if (state_ == State::kQuoted) refuse(quote_line_, "the quotes that begin there never end");
    if (held_return_) give_return();
    ++lines_;
    if (field_ > 0 || !field_is_blank_ || state_ != State::kFieldStart) end_record();
    if (in_header_) {
      throw std::runtime_error(place_ +
                               ": the file is empty; its first line must name the columns");
    }
  }

 private:
  enum class State : unsigned char { kFieldStart, kPlain, kQuoted, kQuoteInQuotes };

  [[noreturn]] void refuse(std::uint64_t line, const std::string& what) const {
    throw std::runtime_error(place_ + ": line " + std::to_string(line) + ": " + what +
                             "; write it as RFC 4180 says");
  }

  /// Whether the byte is part of the current field as it is. The first such byte makes the field
  /// plain.
  bool is_ordinary(char byte) {
    if (held_return_) return false;
    switch (state_) {
      case State::kFieldStart: {
        const bool ordinary = byte != '"' && byte != ',' && byte != '\n' && byte != '\r';
        if (ordinary) state_ = State::kPlain;
        return ordinary;
      }
      case State::kPlain: return byte != ',' && byte != '\n' && byte != '\r';
      case State::kQuoted: return byte != '"';
      case State::kQuoteInQuotes: break;
    }
    return false;
  }

  /// Takes a byte with a meaning of its own.
  void step(char byte) {
    if (byte == '\n') ++lines_;
    if (state_ == State::kQuoted) {
      state_ = State::kQuoteInQuotes;
    } else if (byte == '"' && state_ == State::kFieldStart) {
      begin_quotes();
    } else if (byte == '"' && state_ == State::kQuoteInQuotes) {
      state_ = State::kQuoted;
      give("\"");
    } else if (byte == ',') {
      end_field();
    } else if (byte == '\n') {
      held_return_ = false;
      end_record();
    } else if (byte == '\r') {
      held_return_ = true;
    } else {
      refuse(lines_ + 1, "something follows the closing quote of a field");
    }
  }

  /// The held carriage return was an ordinary character.
  void give_return() {
    if (in_header_ || state_ == State::kQuoteInQuotes) {
      throw std::runtime_error(place_ + ": line " + std::to_string(lines_ + 1) + ": " +
                               std::string(kReturnsAlone));
    }
    give("\r");
    if (state_ == State::kFieldStart) state_ = State::kPlain;
  }

  void begin_quotes() {
    state_ = State::kQuoted;
    quote_line_ = lines_ + 1;
    field_is_blank_ = false;
  }

  /// Takes a part of the current field.
  void give(std::string_view part) {
    if (part.empty()) return;
    held_return_ = false;
    field_is_blank_ = false;
    if (in_header_) {
      header_bytes_ += part.size();
      if (header_bytes_ > kMaxHeaderBytes) refuse(1, "the header is longer than 1 MiB");
      name_ += part;
    } else if (field_ == wanted_) {
      if (!in_document_) sink_.begin_document();
      in_document_ = true;
      sink_.append(part);
    }
  }

  void end_field() {
    if (in_header_) names_.push_back(std::exchange(name_, {}));
    if (in_document_) sink_.end_document();
    in_document_ = false;
    ++field_;
    state_ = State::kFieldStart;
    field_is_blank_ = true;
  }

  void end_record() {
    const bool blank_line = field_ == 0 && field_is_blank_ && state_ == State::kFieldStart;
    if (blank_line) return;
    end_field();
    if (in_header_) {
      choose_column();
    } else if (field_ != names_.size()) {
      refuse(lines_, "it has " + std::to_string(field_) + " fields, and the header names " +
                         std::to_string(names_.size()) + " columns");
    }
    field_ = 0;
  }

  void choose_column() {
    in_header_ = false;
    if (column_.empty() && names_.size() == 1) return check_only_column();
    const auto found = std::ranges::find(names_, column_);
    const std::string there =
        "; the columns are " + quoted_list(names_) + " (the first line of every file names them)";
    if (column_.empty()) {
      throw std::runtime_error(place_ +
                               ": say which column holds the text with --data.column=NAME" + there);
    }
    if (found == names_.end()) {
      throw std::runtime_error(place_ + ": there is no column '" + column_ + "' (data.column)" +
                               there);
    }
    if (std::count(names_.begin(), names_.end(), column_) > 1) {
      throw std::runtime_error(place_ + ": several columns are called '" + column_ +
                               "'; rename all but one");
    }
    wanted_ = static_cast<std::size_t>(found - names_.begin());
  }

  void check_only_column() const {
    if (names_.front().find_first_of("\t;") == std::string::npos) return;
    throw std::runtime_error(
        place_ +
        ": its columns seem to be separated by tabs or semicolons, not by commas; the "
        "header is " +
        quoted_list(names_) +
        ". Make it CSV, e.g. in Python with "
        "pandas.read_csv(FILE, sep=None, engine='python').to_csv(NEW, index=False), or name this "
        "one column with --data.column");
  }

  DocumentSink& sink_;
  std::string place_;
  std::string column_;
  State state_ = State::kFieldStart;
  bool in_header_ = true;
  bool in_document_ = false;
  bool held_return_ = false;      ///< a carriage return came, which may be part of a line end
  bool field_is_blank_ = true;    ///< the field is empty so far, without quotes
  std::size_t field_ = 0;         ///< number in the record, from 0
  std::size_t wanted_ = 0;        ///< number of the text's column
  std::uint64_t lines_ = 0;       ///< newlines so far
  std::uint64_t quote_line_ = 0;  ///< where the current quotes began
  std::size_t header_bytes_ = 0;
  std::string name_;                ///< of the header: the current column
  std::vector<std::string> names_;  ///< of all columns
};

}  // namespace

std::unique_ptr<DocumentReader> make_csv_reader(DocumentSink& sink, const std::string& place,
                                                const std::string& column) {
  return std::make_unique<CsvReader>(sink, place, column);
}

}  // namespace millrace::datasets
