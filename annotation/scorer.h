// Who says what a word is worth: the interface that the built-in scorers and those in Python share.
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

class Scorer {
 public:
  virtual ~Scorer() = default;

  /// Name and versions of all that decides a score; shards of one folder have the same.
  [[nodiscard]] virtual const std::string& name() const = 0;

  /// The words of each passage, with what the selection rule looks at: part and stop_word, or
  /// keyword and stop_word. The same passages give the same words. One thread at a time. Throws
  /// std::runtime_error where it cannot, with what to do.
  [[nodiscard]] virtual std::vector<std::vector<Word>> score(
      std::span<const std::string_view> passages) = 0;
};

/// The tagger for `constituency`; tf-idf over these frequencies, which other rules do not use, for
/// `keybert_no_stopword`.
[[nodiscard]] std::unique_ptr<Scorer> make_builtin_scorer(Selection selection,
                                                          PassageFrequencies frequencies);

/// spaCy for `constituency`, KeyBERT for `keybert_no_stopword`, in a process of the user's Python
/// (annotation/score_words.py). Starts it, and throws std::runtime_error with what to install where
/// it does not come up.
[[nodiscard]] std::unique_ptr<Scorer> make_python_scorer(Selection selection,
                                                         const config::AnnotateOptions& options);

}  // namespace millrace::annotation
