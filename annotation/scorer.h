// The interface of scorers, which split passages into words and tag or score these: built-in ones,
// and spaCy or KeyBERT in Python.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "annotation/selection.h"
#include "annotation/tf_idf.h"
#include "annotation/words.h"
#include "config/options.h"

namespace millrace::annotation {

/// Scores words. One thread at a time.
class Scorer {
 public:
  virtual ~Scorer() = default;

  /// Name and versions of everything that decides a score; the same for all shards of a folder.
  [[nodiscard]] virtual const std::string& name() const = 0;

  /// The words of each passage, with the members that the selection rule needs: part and stop_word,
  /// or keyword and stop_word. The same passages always give the same words. Throws
  /// std::runtime_error with what to do where scoring fails.
  [[nodiscard]] virtual std::vector<std::vector<Word>> score(
      std::span<const std::string_view> passages) = 0;
};

/// The tagger for `constituency`; for `keybert_no_stopword` tf-idf over `frequencies`, which are
/// unused otherwise.
[[nodiscard]] std::unique_ptr<Scorer> make_builtin_scorer(Selection selection,
                                                          PassageFrequencies frequencies);

/// spaCy for `constituency`, KeyBERT for `keybert_no_stopword`, in a new process of the user's
/// Python (annotation/score_words.py). Throws std::runtime_error with what to install where it does
/// not start, config::UsageError where a checkpoint's recipe names the interpreter or the model.
[[nodiscard]] std::unique_ptr<Scorer> make_python_scorer(Selection selection,
                                                         const config::Options& options);

}  // namespace millrace::annotation
