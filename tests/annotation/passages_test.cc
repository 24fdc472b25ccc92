// Passages cover their document, and are cut at the right places.
#include "annotation/passages.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace millrace::annotation {
namespace {

std::string joined(const std::string& document) {
  std::string all;
  for (std::uint64_t j = 0; j < passages_of(document); ++j) all += passage_of(document, j);
  return all;
}

TEST(Passages, AShortDocumentIsOne) {
  EXPECT_EQ(passages_of(""), 1u);
  EXPECT_EQ(passage_of("", 0), "");
  const std::string document(kPassageBytes, 'x');
  EXPECT_EQ(passages_of(document), 1u);
  EXPECT_EQ(passage_of(document, 0), document);
}

TEST(Passages, CutBehindAnEmptyLineFirst) {
  std::string document(3 * kPassageBytes, 'x');
  document[kPassageBytes + 5] = ' ';
  document[kPassageBytes + 10] = '\n';
  document.replace(kPassageBytes + 20, 2, "\n\n");
  EXPECT_EQ(passage_of(document, 0).size(), kPassageBytes + 22);
  document.replace(kPassageBytes + 20, 2, "xx");
  EXPECT_EQ(passage_of(document, 0).size(), kPassageBytes + 11);
  document[kPassageBytes + 10] = 'x';
  EXPECT_EQ(passage_of(document, 0).size(), kPassageBytes + 5);
  EXPECT_EQ(passage_of(document, 1).front(), ' ');
}

TEST(Passages, NeverInsideACharacter) {
  std::string document(kPassageBytes - 1, 'x');
  for (std::size_t i = 0; i < kPassageBytes; ++i) document += "é";
  EXPECT_EQ(passage_of(document, 0).size(), kPassageBytes + 1);
  EXPECT_EQ(joined(document), document);
}

TEST(Passages, CoverRandomDocuments) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string document(random() % (6 * kPassageBytes), 'x');
    for (std::size_t i = random() % 50; i-- > 0 && !document.empty();) {
      document[random() % document.size()] = "\n \n"[random() % 3];
    }
    EXPECT_EQ(joined(document), document);
  }
}

}  // namespace
}  // namespace millrace::annotation
