// Generates a long text of a MarkovProcess and serves it as a dataset (markov_text.h).
#include "providers/markov/markov_text.h"

#include <array>

#include "datasets/io/fixed_point.h"
#include "proto/digest.h"

namespace millrace::providers {
namespace {

using proto::Split;

constexpr std::uint64_t kTextSeed = 0x6D61726B6F767478;  // "markovtx"

std::vector<std::uint8_t> generate(const MarkovProcess& process, std::uint64_t symbols) {
  constexpr std::uint64_t kAtOnce = 1 << 14;
  const PhiloxStream draws(kTextSeed, Split::kTrain, 0, 0);
  std::vector<std::uint8_t> text(symbols);
  std::uint32_t context = uniform_below(draws.word(Purpose::kStart, 0), process.contexts());
  for (std::uint64_t done = 0; done < symbols; done += kAtOnce) {
    const std::span<std::uint8_t> out =
        std::span(text).subspan(done, std::min(kAtOnce, symbols - done));
    process.go_on(context, draws.words(Purpose::kText, done, out.size()), out);
  }
  return text;
}

class MarkovText final : public datasets::TokenText {
 public:
  MarkovText(const MarkovProcess& process, datasets::Shares shares, std::uint64_t symbols)
      : vocabulary_(letters(process.symbols())),
        hash_(proto::hex16(
            proto::xxh64(process.name() + ", " + std::to_string(symbols) + " symbols"))),
        text_(generate(process, symbols)) {
    using datasets::in_nano;
    using datasets::kNano;
    const std::uint64_t val =
        symbols * (kNano - in_nano(shares.val) - in_nano(shares.test)) / kNano;
    const std::uint64_t test = symbols * (kNano - in_nano(shares.test)) / kNano;
    begins_ = {0, val, test, symbols};
  }

  [[nodiscard]] const datasets::Vocabulary& vocabulary() const override { return vocabulary_; }
  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] std::uint64_t length(Split split) const override {
    return begins_[number(split) + 1] - begins_[number(split)];
  }
  [[nodiscard]] std::uint64_t lines(Split /*split*/) const override { return 0; }
  [[nodiscard]] std::uint64_t line_start(Split /*split*/, std::uint64_t /*line*/) const override {
    return 0;
  }

  void read(Split split, std::uint64_t first, std::span<std::uint8_t> out) const override {
    copy(split, first, out);
  }
  void read(Split split, std::uint64_t first, std::span<std::uint16_t> out) const override {
    copy(split, first, out);
  }
  void read(Split split, std::uint64_t first, std::span<std::uint32_t> out) const override {
    copy(split, first, out);
  }

 private:
  static std::size_t number(Split split) { return static_cast<std::size_t>(split); }

  template <class Token>
  void copy(Split split, std::uint64_t first, std::span<Token> out) const {
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(begins_[number(split)] + first),
                out.size(), out.begin());
  }

  datasets::Vocabulary vocabulary_;
  std::string hash_;
  std::vector<std::uint8_t> text_;
  std::array<std::uint64_t, proto::kSplitCount + 1> begins_{};
};

}  // namespace

std::shared_ptr<const datasets::TokenText> make_markov_text(const MarkovProcess& process,
                                                            datasets::Shares shares,
                                                            std::uint64_t symbols) {
  return std::make_shared<MarkovText>(process, shares, symbols);
}

datasets::Vocabulary letters(std::uint32_t symbols) {
  constexpr std::uint32_t kLetters = 26;
  datasets::Vocabulary vocabulary;
  vocabulary.size = symbols;
  if (symbols > kLetters) return vocabulary;
  for (std::uint32_t i = 0; i < symbols; ++i) {
    vocabulary.tokens.emplace_back(1, static_cast<char>('a' + i));
  }
  return vocabulary;
}

}  // namespace millrace::providers
