// The three views of texts that are being written (step_views.h).
#include "trainer/sampling/step_views.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "config/app/terminal_text.h"
#include "config/errors.h"
#include "datasets/io/utf8.h"
#include "proto/disk.h"
#include "proto/json_text.h"
#include "trainer/text/glyphs.h"

namespace millrace::trainer {
namespace {

std::string title_of(const TextStep& step) {
  const std::string stage = step.stage > 0 ? "stage " + std::to_string(step.stage) + ", " : "";
  return "sample " + std::to_string(step.number) + ", " + stage + "step " +
         std::to_string(step.step);
}

/// The text's characters, one string each.
std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < text.size();) {
    const auto decoded = datasets::decode_utf8(text, at);
    const std::size_t bytes = decoded ? decoded->bytes : 1;
    characters.push_back(text.substr(at, bytes));
    at += bytes;
  }
  return characters;
}

/// Characters that would move a terminal's cursor, or worse.
bool is_obeyed(const std::string& character) {
  return character == "\t" || config::for_terminal(character) != character;
}

TerminalSize terminal_size() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

}  // namespace

std::string to_json_line(const TextStep& step) {
  nlohmann::ordered_json json{{"sample", step.number}};
  if (step.stage > 0) json["stage"] = step.stage;
  json["step"] = step.step;
  json["text"] = step.text;
  json["tokens"] = step.tokens;
  return proto::json_text(json) + '\n';
}

std::string to_line(const TextStep& step) {
  std::string line = title_of(step) + ": ";
  for (const std::string& character : characters_of(step.text)) {
    line += character == "\n" ? kLineBreakMark : config::for_terminal(character);
  }
  return line + '\n';
}

TraceFile::TraceFile(const std::filesystem::path& path) try : file_(path) {
} catch (const proto::DiskError& error) {
  throw config::UsageError(std::string("--trace ") + error.what());
}

std::vector<std::string> frame_of(const TextStep& step, const TerminalSize& size) {
  std::vector<std::string> lines{title_of(step).substr(0, size.columns), ""};
  std::size_t column = 0;
  for (const std::string& character : characters_of(step.text)) {
    if (character == "\n" || column == size.columns) {
      lines.emplace_back();
      column = 0;
    }
    if (character == "\n") continue;
    lines.back() += is_obeyed(character) ? " " : character;
    ++column;
  }
  if (lines.size() + 1 > size.rows) lines.resize(size.rows - 1);
  return lines;
}

Animation::Animation() {
  if (isatty(STDERR_FILENO) != 1) {
    throw config::UsageError(
        "--watch needs a terminal, and stderr is none; take --verbose for lines, or --trace FILE");
  }
}

Animation::~Animation() { erase(); }

bool Animation::follows(const TextStep& step) {
  const bool next = !shown_ || (step.step == 0 && last_step_ > 0 && step.number != *shown_);
  if (next) shown_ = step.number;
  if (step.number != *shown_) return false;
  last_step_ = step.step;
  return true;
}

void Animation::erase() {
  if (drawn_lines_ > 0) std::cerr << "\r\x1b[" << drawn_lines_ << "A\x1b[J" << std::flush;
  drawn_lines_ = 0;
}

void Animation::add(const TextStep& step) {
  if (!follows(step)) return;
  erase();
  const auto lines = frame_of(step, terminal_size());
  for (const std::string& line : lines) std::cerr << line << '\n';
  std::cerr << std::flush;
  drawn_lines_ = lines.size();
  std::this_thread::sleep_for(std::chrono::milliseconds(kFrame_ms));
}

}  // namespace millrace::trainer
