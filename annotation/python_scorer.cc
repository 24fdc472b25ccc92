// The scorer in a Python process: passages go through one pipe, words come back through another
// (protocol: score_words.py).
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "annotation/score_words_text.h"
#include "annotation/scorer.h"
#include "config/code_name.h"
#include "proto/descriptor.h"
#include "proto/json_text.h"

extern char** environ;

namespace millrace::annotation {
namespace {

using proto::Descriptor;

/// A process with pipes to its standard input and from its standard output. The destructor ends it.
class Process {
 public:
  Process(const config::CodeName& program, const std::vector<std::string>& more) {
    std::vector<std::string> words{program.text()};
    words.insert(words.end(), more.begin(), more.end());
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0) fail(words.front());
    Descriptor child_in(in[0]);
    to_ = Descriptor(in[1]);
    if (::pipe2(out.data(), O_CLOEXEC) != 0) fail(words.front());
    Descriptor child_out(out[1]);
    from_ = Descriptor(out[0]);
    std::signal(SIGPIPE, SIG_IGN);  // so that write() to a dead process returns an error

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, child_in.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, child_out.get(), STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int status =
        ::posix_spawnp(&pid_, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
      errno = status;
      fail(words.front());
    }
  }

  ~Process() {
    to_ = Descriptor();  // the process ends at the end of its input
    from_ = Descriptor();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(to_.get(), text.data(), text.size());
      if (written < 0 && errno != EINTR) {
        throw std::runtime_error("the Python scorer has ended; its last words are above");
      }
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      }
    }
  }

  std::string read_line() {
    std::size_t end = 0;
    while ((end = buffer_.find('\n')) == std::string::npos) {
      std::array<char, 65536> piece;
      const ssize_t got = ::read(from_.get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        throw std::runtime_error("the Python scorer has ended; its last words are above");
      }
      buffer_.append(piece.data(), static_cast<std::size_t>(got));
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
  }

 private:
  [[noreturn]] static void fail(const std::string& program) {
    throw std::runtime_error(program + ": cannot be started: " + std::strerror(errno) +
                             "; name the interpreter with --annotate.python");
  }

  Descriptor to_;
  Descriptor from_;
  pid_t pid_ = -1;
  std::string buffer_;
};

/// From Universal Dependencies' tags.
PartOfSpeech part_from(const std::string& universal) {
  if (universal == "PROPN") return PartOfSpeech::kProperNoun;
  if (universal == "NOUN") return PartOfSpeech::kNoun;
  if (universal == "VERB") return PartOfSpeech::kVerb;
  if (universal == "ADJ") return PartOfSpeech::kAdjective;
  if (universal == "ADV") return PartOfSpeech::kAdverb;
  return PartOfSpeech::kOther;
}

Word word_from(const nlohmann::json& json, Selection selection) {
  Word word;
  word.begin = json.at(0);
  word.end = json.at(1);
  word.stop_word = json.at(3);
  const nlohmann::json& value = json.at(2);
  if (selection == Selection::kConstituency) {
    word.part = part_from(value.get<std::string>());
  } else if (!value.is_null()) {
    word.keyword = value.get<float>();
    if (!std::isfinite(*word.keyword)) {
      throw std::runtime_error("a word whose similarity is not a number");
    }
    // Rounding can lead above 1, which would count as a full stop.
    word.keyword = std::min(1.F, std::max(-1.F, *word.keyword));
  }
  return word;
}

std::vector<Word> words_from(const std::string& line, Selection selection,
                             std::string_view passage) try {
  std::vector<Word> words;
  std::uint32_t last = 0;
  const auto answer = proto::read_json(line);
  for (const nlohmann::json& each : answer.at("words")) {
    words.push_back(word_from(each, selection));
    const Word& word = words.back();
    if (word.begin < last || word.end <= word.begin || word.end > passage.size()) {
      throw std::runtime_error("a word at [" + std::to_string(word.begin) + ", " +
                               std::to_string(word.end) + ")");
    }
    last = word.end;
  }
  return words;
} catch (const std::exception& error) {
  throw std::runtime_error("the Python scorer answered what is no list of words: " +
                           std::string(error.what()));
}

/// Python looks for modules in the working directory first when it runs a program of "-c", and a
/// data folder may hold a file called spacy.py.
constexpr std::string_view kOwnFoldersAlone = "import sys; sys.path[:] = filter(None, sys.path)\n";

/// spaCy imports the package that a model is called after; KeyBERT reads a folder of code and data.
config::CodeName model_of(Selection selection, const config::Options& options) {
  return {options, selection == Selection::kConstituency ? "annotate.spacy_model"
                                                         : "annotate.keybert_model"};
}

class PythonScorer final : public Scorer {
 public:
  PythonScorer(Selection selection, const config::Options& options)
      : selection_(selection),
        process_(config::CodeName(options, "annotate.python"),
                 {"-c", std::string(kOwnFoldersAlone) + std::string(kScoreWordsText), "--selection",
                  std::string(to_string(selection)), "--model", model_of(selection, options).text(),
                  "--processes", std::to_string(options.annotate.processes)}) {
    const auto hello = proto::try_read_json(process_.read_line());
    if (hello.is_object() && hello.contains("error")) {
      throw std::runtime_error(hello["error"].get<std::string>() +
                               "; or use --annotate.scorer=builtin");
    }
    if (!hello.is_object() || !hello.contains("scorer")) {
      throw std::runtime_error("the Python scorer does not say what it is");
    }
    name_ = hello["scorer"];
  }

  [[nodiscard]] const std::string& name() const override { return name_; }

  [[nodiscard]] std::vector<std::vector<Word>> score(
      std::span<const std::string_view> passages) override {
    for (const std::string_view passage : passages) {
      process_.write(proto::json_text(nlohmann::json{{"text", passage}}) + "\n");
    }
    process_.write("\n");
    std::vector<std::vector<Word>> all;
    for (const std::string_view passage : passages) {
      all.push_back(words_from(process_.read_line(), selection_, passage));
    }
    return all;
  }

 private:
  Selection selection_;
  Process process_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Scorer> make_python_scorer(Selection selection, const config::Options& options) {
  return std::make_unique<PythonScorer>(selection, options);
}

}  // namespace millrace::annotation
