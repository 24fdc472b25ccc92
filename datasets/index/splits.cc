// Computes where splits begin and end (splits.h).
#include "datasets/index/splits.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/io/fixed_point.h"

namespace millrace::datasets {
namespace {

using proto::Split;

/// floor(n · share / 1e9), without overflow for any n.
std::uint64_t part_of(std::uint64_t n, std::uint64_t share_nano) {
  return n / kNano * share_nano + n % kNano * share_nano / kNano;
}

/// The character nearest to `character` with which a document begins, or the text's end.
std::uint64_t nearest_boundary(const IndexedText& text, std::uint64_t character) {
  const auto documents = text.documents();
  const std::uint64_t byte = text.byte_of(character);
  const auto behind = std::ranges::lower_bound(documents, byte, {}, &DocumentSpan::first_byte);
  const std::uint64_t after =
      behind == documents.end() ? text.characters() : text.character_of(behind->first_byte);
  const std::uint64_t before =
      behind == documents.begin() ? 0 : text.character_of((behind - 1)->first_byte);
  return character - before <= after - character ? before : after;
}

Cuts cut_between_documents(const IndexedText& text, Shares shares) {
  const Cuts exact = cut_anywhere(text.characters(), shares);
  const auto place = [&](std::uint64_t cut) {
    return cut == exact.end ? cut : nearest_boundary(text, cut);
  };
  const std::uint64_t test = place(exact.test);
  return {std::min(place(exact.val), test), test, exact.end};
}

Cuts cut_text8(const IndexedText& text, const std::string& place) {
  constexpr std::uint64_t kOfficial = 100'000'000;
  const std::uint64_t n = text.characters();
  if (n != kOfficial) {
    spdlog::warn(
        "{}: text8 has 100000000 characters, and this text {}; it is cut at 90 % and 95 % all the "
        "same",
        place, n);
  }
  return cut_anywhere(n, {.val = 0.05, .test = 0.05});
}

void check_parts(const IndexedText& text, const Cuts& cuts, Shares shares,
                 const std::string& place) {
  const auto refuse = [&](std::string_view split) {
    throw std::runtime_error(
        place + ": its " + std::string(split) +
        " part is empty, because a text of documents is cut between them, and it has " +
        std::to_string(text.documents().size()) +
        "; use more documents, or other --data.val_fraction and --data.test_fraction");
  };
  if (cuts.val == 0) refuse("train");
  if (shares.val > 0 && cuts.val == cuts.test) refuse("val");
  if (shares.test > 0 && cuts.test == cuts.end) refuse("test");
}

}  // namespace

std::uint64_t Cuts::first(Split split) const {
  return split == Split::kTrain ? 0 : split == Split::kVal ? val : test;
}
std::uint64_t Cuts::last(Split split) const {
  return split == Split::kTrain ? val : split == Split::kVal ? test : end;
}

Cuts cut_anywhere(std::uint64_t n, Shares shares) {
  const std::uint64_t val = in_nano(shares.val);
  const std::uint64_t test = in_nano(shares.test);
  return {part_of(n, kNano - val - test), part_of(n, kNano - test), n};
}

Cuts cut_text(const IndexedText& text, const SourceFiles& sources, Shares shares) {
  const std::string place = sources.path.string();
  if (sources.format->content == Content::kText8) return cut_text8(text, place);
  if (sources.format->is_plain_text() && !sources.is_folder) {
    return cut_anywhere(text.characters(), shares);
  }
  const Cuts cuts = cut_between_documents(text, shares);
  check_parts(text, cuts, shares, place);
  return cuts;
}

}  // namespace millrace::datasets
