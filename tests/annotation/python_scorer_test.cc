// The Python scorer with small modules in place of spaCy and KeyBERT: the protocol, and every kind
// of failure.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "annotation/scorer.h"
#include "tests/support/temporary_folder.h"

namespace millrace::annotation {
namespace {

// The calls of spaCy that score_words.py uses: words are split at spaces, and tagged by their first
// letter.
constexpr const char* kSpacy = R"(
__version__ = "3.0"
class Token:
    def __init__(self, text, idx):
        self.text, self.idx, self.is_space = text, idx, False
        self.pos_ = {"P": "PROPN", "n": "NOUN", "v": "VERB", "a": "ADJ", "r": "ADV", "x": "AUX"}.get(text[0], "DET")
        self.is_stop = text.endswith("!")
class Model:
    meta = {"version": "1.5"}
    def pipe(self, texts, n_process):
        for text in texts:
            if "crash" in text: raise SystemExit(3)
            tokens, at = [], 0
            for word in text.split(" ") if text else []:
                tokens.append(Token(word, at))
                at += len(word) + 1
            yield tokens
def load(name, disable):
    if name == "missing": raise OSError("no such model")
    print("spaCy says something")
    return Model()
)";
constexpr const char* kKeybert = R"(
__version__ = "0.8"
class KeyBERT:
    def __init__(self, model): pass
    def extract_keywords(self, text, keyphrase_ngram_range, stop_words, top_n):
        return [("mill", 0.5), ("the", 0.25), ("wheel", 1.0000001)]
)";

class PythonScorer : public ::testing::Test {
 protected:
  PythonScorer() {
    write("spacy.py", kSpacy);
    write("keybert.py", kKeybert);
    std::filesystem::create_directories(folder_ / "sklearn/feature_extraction");
    write("sklearn/__init__.py", "");
    write("sklearn/feature_extraction/__init__.py", "");
    write("sklearn/feature_extraction/text.py", "ENGLISH_STOP_WORDS = {'the'}\n");
    ::setenv("PYTHONPATH", folder_.path().c_str(), 1);
    ::setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  }
  ~PythonScorer() override { ::unsetenv("PYTHONPATH"); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
  }
  void expect_error(Selection selection, const std::string& part) const {
    try {
      (void)make_python_scorer(selection, options_);
      ADD_FAILURE() << "no error";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }

  testing::TemporaryFolder folder_;
  config::Options options_;
};

TEST_F(PythonScorer, Spacy) {
  const auto scorer = make_python_scorer(Selection::kConstituency, options_);
  EXPECT_EQ(scorer->name(), "spacy 3.0 en_core_web_md 1.5");
  const std::vector<std::string_view> passages = {"Peter née v! nö", "a\n\"line\" r", ""};
  for (int batch = 0; batch < 2; ++batch) {
    const auto words = scorer->score(passages);
    ASSERT_EQ(words.size(), 3u);
    ASSERT_EQ(words[0].size(), 4u);
    EXPECT_EQ(words[0][0].part, PartOfSpeech::kProperNoun);
    EXPECT_EQ(words[0][1].part, PartOfSpeech::kNoun);
    EXPECT_EQ(text_of(passages[0], words[0][1]), "née");  // bytes, not characters
    EXPECT_EQ(text_of(passages[0], words[0][3]), "nö");
    EXPECT_EQ(words[0][2].part, PartOfSpeech::kVerb);
    EXPECT_TRUE(words[0][2].stop_word);
    EXPECT_EQ(words[1][1].part, PartOfSpeech::kAdverb);
  }
}

TEST_F(PythonScorer, Keybert) {
  const auto scorer = make_python_scorer(Selection::kKeybertNoStopword, options_);
  EXPECT_EQ(scorer->name(), "keybert 0.8 all-MiniLM-L6-v2");
  auto other = options_;
  other.annotate.keybert_model = "another-model";
  EXPECT_EQ(make_python_scorer(Selection::kKeybertNoStopword, other)->name(),
            "keybert 0.8 another-model");
  const std::vector<std::string_view> passages = {"The Mill, a wheel."};
  const auto words = scorer->score(passages).front();
  ASSERT_EQ(words.size(), 6u);
  EXPECT_EQ(words[0].keyword, 0.25F);
  EXPECT_TRUE(words[0].stop_word);
  EXPECT_EQ(words[1].keyword, 0.5F);
  EXPECT_FALSE(words[2].keyword.has_value());
  EXPECT_EQ(words[4].keyword, 1.F);  // no similarity may look like a full stop
  EXPECT_FALSE(words[5].keyword.has_value());
}

TEST_F(PythonScorer, SaysWhatToInstall) {
  options_.annotate.spacy_model = "missing";
  expect_error(Selection::kConstituency,
               "spaCy has no model missing; python -m spacy download missing");
  write("spacy.py", "raise ImportError('no spaCy here')");
  expect_error(Selection::kConstituency, "pip install spacy");
  write("keybert.py", "raise ImportError('none')");
  expect_error(Selection::kKeybertNoStopword, "pip install keybert");
  options_.annotate.python = "no-such-python";
  expect_error(Selection::kConstituency, "no-such-python: cannot be started");
}

TEST_F(PythonScorer, RunsNothingThatACheckpointNames) {
  options_.annotate.spacy_model = "theirs";
  options_.said_by_checkpoint = {"annotate.spacy_model", "annotate.python"};
  expect_error(Selection::kConstituency, "add --annotate.spacy_model=theirs");
  options_.annotate.python = "./python";
  expect_error(Selection::kKeybertNoStopword, "add --annotate.python=./python");
}

TEST_F(PythonScorer, ImportsNothingOfTheWorkingDirectory) {
  const testing::TemporaryFolder elsewhere;
  std::ofstream(elsewhere / "argparse.py") << "raise SystemExit('code of a data folder')\n";
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(elsewhere.path());
  EXPECT_NO_THROW((void)make_python_scorer(Selection::kConstituency, options_));
  std::filesystem::current_path(before);
}

TEST_F(PythonScorer, ACrashIsAnError) {
  const auto scorer = make_python_scorer(Selection::kConstituency, options_);
  const std::vector<std::string_view> passages = {"n", "crash"};
  EXPECT_THROW((void)scorer->score(passages), std::runtime_error);
}

TEST_F(PythonScorer, WordsThatCannotBeAreAnError) {
  write("spacy.py", std::string(kSpacy) +
                        "\nToken.pos_ = 5\nclass Token(Token):\n  def __init__(self, t, i):\n    "
                        "super().__init__(t, i)\n    self.idx = 0\n");
  const auto scorer = make_python_scorer(Selection::kConstituency, options_);
  const std::vector<std::string_view> passages = {"n v n"};
  EXPECT_THROW((void)scorer->score(passages), std::runtime_error);
}

}  // namespace
}  // namespace millrace::annotation
