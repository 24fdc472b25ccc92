#include "providers/windows/open_datasets.h"

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

std::string content_of(const datasets::Datasets& opened) {
  const datasets::TokenText& text = *opened.parts.front().text;
  std::vector<std::uint8_t> ids(text.length(Split::kTrain));
  text.read(Split::kTrain, 0, std::span(ids));
  std::string content;
  for (const std::uint8_t id : ids) content += opened.vocabulary.tokens.at(id);
  return content;
}

TEST(OpenDatasets, TakesThePathOfTheRecipe) {
  const TextFile file("abc\n", "name.txt");
  config::DataOptions options;
  options.path = file.path();
  options.val_fraction = 0;
  const datasets::Datasets opened = open_datasets(options);
  EXPECT_EQ(opened.name, "name.txt");
  EXPECT_EQ(content_of(opened), "abc\n");
}

TEST(OpenDatasets, SaysWhatToDoWhereThePathIsWrong) {
  config::DataOptions options;
  options.path = "no/such/text.txt";
  expect_error<std::runtime_error>([&] { (void)open_datasets(options); },
                                   {"no/such/text.txt", "scripts/get-data"});
  options.path = "";
  expect_error<std::runtime_error>([&] { (void)open_datasets(options); }, {"data.path"});
}

TEST(OpenDatasets, WithoutAPathTakesTheUsualFileElseTheBuiltInText) {
  const TextFile file("abc\n", "unused.txt");
  const std::filesystem::path folder = std::filesystem::path(file.path()).parent_path();
  config::DataOptions options;
  options.val_fraction = 0;
  EXPECT_EQ(open_datasets(options, folder).name, "builtin-english");
  EXPECT_EQ(open_datasets(options, folder).parts.front().text->length(Split::kTrain),
            kBuiltInCharacters);
  std::filesystem::create_directories((folder / kDefaultTextPath).parent_path());
  std::ofstream(folder / kDefaultTextPath) << "First Citizen:\n";
  EXPECT_EQ(content_of(open_datasets(options, folder)), "First Citizen:\n");
}

TEST(OpenDatasets, ReadsTinyShakespeareIntoItsSixtyFiveCharacters) {
  if (!std::filesystem::exists(MILLRACE_TINY_SHAKESPEARE)) {
    GTEST_SKIP() << "no " << MILLRACE_TINY_SHAKESPEARE;
  }
  config::DataOptions options;
  options.path = MILLRACE_TINY_SHAKESPEARE;
  const datasets::Datasets opened = open_datasets(options);
  EXPECT_EQ(opened.vocabulary.size, 65U);
  EXPECT_EQ(opened.parts.front().text->length(Split::kTrain), 1'003'854U);
  EXPECT_EQ(opened.parts.front().text->length(Split::kVal), 111'540U);
}

}  // namespace
}  // namespace millrace::providers
