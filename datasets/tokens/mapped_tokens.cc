// Reading tokens out of mapped runs.
#include "datasets/tokens/mapped_tokens.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace millrace::datasets {
namespace {

using proto::Split;
using proto::WireType;

/// A run, and how many tokens and line starts come before it.
struct Placed {
  TokenRun run;
  std::uint64_t first = 0;
  std::uint64_t first_start = 0;
};

class MappedTokens final : public TokenTextOf<MappedTokens> {
 public:
  MappedTokens(std::vector<TokenRun> runs, Cuts cuts, Vocabulary vocabulary, std::string hash,
               std::string place)
      : cuts_(cuts),
        vocabulary_(std::move(vocabulary)),
        hash_(std::move(hash)),
        place_(std::move(place)) {
    std::uint64_t tokens = 0;
    std::uint64_t starts = 0;
    for (TokenRun& run : runs) {
      const Placed placed{std::move(run), tokens, starts};
      tokens += placed.run.tokens();
      starts += placed.run.index->starts().size();
      runs_.push_back(placed);
    }
    for (const Split split : proto::kSplits) {
      const std::uint64_t first = starts_before(cuts_.first(split));
      lines_[static_cast<std::size_t>(split)] = {first, starts_before(cuts_.last(split)) - first};
    }
  }

  [[nodiscard]] const Vocabulary& vocabulary() const override { return vocabulary_; }
  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] std::uint64_t length(Split split) const override {
    return cuts_.last(split) - cuts_.first(split);
  }
  [[nodiscard]] std::uint64_t lines(Split split) const override { return part(split).count; }
  [[nodiscard]] std::uint64_t line_start(Split split, std::uint64_t line) const override {
    const std::uint64_t start = part(split).first + line;
    const auto behind = std::ranges::upper_bound(runs_, start, {}, &Placed::first_start);
    const Placed& placed = *(behind - 1);
    return placed.first + placed.run.index->starts()[start - placed.first_start] -
           cuts_.first(split);
  }

 private:
  friend TokenTextOf<MappedTokens>;

  /// The lines of a split.
  struct Lines {
    std::uint64_t first = 0;  ///< number of the first among all lines
    std::uint64_t count = 0;
  };
  [[nodiscard]] const Lines& part(Split split) const {
    return lines_[static_cast<std::size_t>(split)];
  }

  /// Lines that begin before a token.
  [[nodiscard]] std::uint64_t starts_before(std::uint64_t token) const {
    std::uint64_t count = 0;
    for (const Placed& each : runs_) {
      if (each.first >= token) break;
      const auto starts = each.run.index->starts();
      count = each.first_start +
              static_cast<std::uint64_t>(std::ranges::lower_bound(starts, token - each.first) -
                                         starts.begin());
    }
    return count;
  }

  template <class Token>
  void copy(Split split, std::uint64_t first, std::span<Token> out) const {
    if (first > length(split) || out.size() > length(split) - first) refuse_damaged_index(place_);
    std::uint64_t token = cuts_.first(split) + first;
    auto at = std::ranges::upper_bound(runs_, token, {}, &Placed::first) - 1;
    for (; !out.empty(); ++at) {
      const std::uint64_t from = token - at->first;
      const std::size_t count = std::min<std::uint64_t>(out.size(), at->run.tokens() - from);
      if (copy_run(at->run, from, out.first(count)) >= vocabulary_.size) refuse_changed();
      out = out.subspan(count);
      token += count;
    }
  }

  /// Returns the largest id, which must be below vocabulary_.size: `out` holds all of these.
  template <class Token>
  [[nodiscard]] static std::uint32_t copy_run(const TokenRun& run, std::uint64_t first,
                                              std::span<Token> out) {
    const char* const bytes = run.index->text().data();
    if (run.width == WireType::kU16) {
      return copy_ids(reinterpret_cast<const std::uint16_t*>(bytes) + first, out);
    }
    return copy_ids(reinterpret_cast<const std::uint32_t*>(bytes) + first, out);
  }

  template <class Id, class Token>
  [[nodiscard]] static Id copy_ids(const Id* ids, std::span<Token> out) {
    Id largest = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      largest = std::max(largest, ids[i]);
      out[i] = static_cast<Token>(ids[i]);
    }
    return largest;
  }

  [[noreturn]] void refuse_changed() const {
    throw std::runtime_error(place_ +
                             ": it holds an id that was not there when it was opened; it was "
                             "changed while it was in use, so start again");
  }

  std::vector<Placed> runs_;
  Cuts cuts_;
  Vocabulary vocabulary_;
  std::string hash_;
  std::string place_;
  std::array<Lines, proto::kSplitCount> lines_;
};

}  // namespace

std::shared_ptr<const TokenText> make_mapped_tokens(std::vector<TokenRun> runs, Cuts cuts,
                                                    Vocabulary vocabulary, std::string hash,
                                                    std::string place) {
  return std::make_shared<MappedTokens>(std::move(runs), cuts, std::move(vocabulary),
                                        std::move(hash), std::move(place));
}

}  // namespace millrace::datasets
