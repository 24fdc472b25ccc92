// The code writes the index that docs/reference/dataset_index.md shows.
#include "datasets/index/index_format.h"

#include <gtest/gtest.h>

#include <sstream>

#include "datasets/index/index_writer.h"
#include "datasets/index/indexed_text.h"
#include "proto/files.h"

namespace millrace::datasets {
namespace {

GrowingFile example() {
  IndexWriter writer(IndexPlace::in_memory(), {.keep_text = true});
  writer.begin_document();
  writer.append("né\n");
  writer.end_document();
  return writer.finish("format text\n");
}

/// The bytes as the page shows them: lines of an offset and 16 bytes, without lines of zeros.
std::string shown(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view line = bytes.substr(at, 16);
    if (line.find_first_not_of('\0') == std::string_view::npos) continue;
    char number[32];
    std::snprintf(number, sizeof number, "%03zx", at);
    text += number;
    for (const char byte : line) {
      std::snprintf(number, sizeof number, " %02x",
                    static_cast<unsigned>(static_cast<unsigned char>(byte)));
      text += number;
    }
    text += "\n";
  }
  return text;
}

std::string documented() {
  const std::string page =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/dataset_index.md");
  const std::string begin = "```hex index\n";
  const std::size_t first = page.find(begin) + begin.size();
  return page.substr(first, page.find("```", first) - first);
}

TEST(IndexFormat, IsAsItsPageShows) {
  const GrowingFile made = example();
  EXPECT_EQ(shown(MappedFile(made.fd(), "example").bytes()), documented());
}

TEST(IndexFormat, TheExampleHoldsWhatThePageSays) {
  const GrowingFile made = example();
  std::string why;
  const auto text = IndexedText::open(std::make_unique<MappedFile>(made.fd(), "example"), nullptr,
                                      "format text\n", why);
  ASSERT_TRUE(text) << why;
  EXPECT_EQ(text->text(), "né\n");
  EXPECT_EQ(text->characters(), 3U);
  ASSERT_EQ(text->alphabet().size(), 3U);
  EXPECT_EQ(text->alphabet()[2].code_point, 0xE9U);
  EXPECT_EQ(text->alphabet()[2].first_byte, 1U);
  EXPECT_EQ(text->byte_of(2), 3U);
  EXPECT_EQ(text->character_of(3), 2U);
}

}  // namespace
}  // namespace millrace::datasets
