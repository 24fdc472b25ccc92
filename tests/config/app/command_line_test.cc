#include <gtest/gtest.h>

#include <cstdlib>

#include "config/app/command_line.h"
#include "config/app/version.h"
#include "config/errors.h"
#include "tests/support/messages.h"

namespace millrace::config {
namespace {

using testing::contains;
using testing::message_of;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

const Program kProgram{.name = "grind",
                       .usage = "CONFIG [overrides] [--samples N] [--resume[=DIR]]",
                       .about = "Grinds.",
                       .flags = {{"samples", "N", "how many"},
                                 {"digest", "", "digests alone"},
                                 {"resume", "DIR", "go on", /*value_optional=*/true}}};

Arguments parse_words(std::vector<const char*> words, const Program& program = kProgram) {
  words.insert(words.begin(), program.name.c_str());
  return parse(program, static_cast<int>(words.size()), words.data());
}

std::string refusal(const std::vector<const char*>& words, const Program& program = kProgram) {
  return message_of<UsageError>([&] { (void)parse_words(words, program); });
}

int run(std::vector<const char*> words, const std::function<int(const Arguments&)>& body) {
  words.insert(words.begin(), "grind");
  return run_program(kProgram, static_cast<int>(words.size()), words.data(), body);
}

TEST(CommandLine, TellsFlagsOverridesAndWordsApart) {
  const Arguments arguments = parse_words(
      {"r.toml", "--samples", "4", "--batch_size=8", "--digest", "--train.seed=3", "--json"});
  EXPECT_EQ(arguments.positional, std::vector<std::string>{"r.toml"});
  EXPECT_EQ(arguments.value("samples"), "4");
  EXPECT_TRUE(arguments.has("digest"));
  EXPECT_FALSE(arguments.has("resume"));
  EXPECT_TRUE(arguments.json);
  ASSERT_EQ(arguments.overrides.size(), 2u);
  EXPECT_EQ(arguments.overrides[0].key, "batch_size");
  EXPECT_EQ(arguments.overrides[0].value, "8");
  EXPECT_EQ(arguments.overrides[1].key, "train.seed");
}

TEST(CommandLine, AnOptionalValueNeverTakesTheNextWord) {
  const Arguments bare = parse_words({"--resume", "r.toml"});
  EXPECT_EQ(bare.positional, std::vector<std::string>{"r.toml"});
  EXPECT_TRUE(bare.has("resume"));
  EXPECT_EQ(bare.value("resume"), std::nullopt);
  EXPECT_EQ(parse_words({"--resume=out/step-1", "r.toml"}).value("resume"), "out/step-1");
}

TEST(CommandLine, AnOverrideMayHoldAnything) {
  const Arguments arguments = parse_words(
      {"r.toml", R"(--stages=[{type="random", max_masked_ratio=0.5}])", "--path=a=b --c"});
  EXPECT_EQ(arguments.overrides[0].value, R"([{type="random", max_masked_ratio=0.5}])");
  EXPECT_EQ(arguments.overrides[1].value, "a=b --c");
}

TEST(CommandLine, AnEmptyValueIsTheEmptyText) {
  const Program program{
      .name = "grind",
      .usage = "CONFIG",
      .about = "",
      .flags = {{"prefix", "TEXT", ""},
                {"digest", "", ""},
                {"resume", "DIR", "", /*value_optional=*/true},
                {.name = "n", .placeholder = "N", .help = "", .kind = IntKind{1, 9}},
                {.name = "t", .placeholder = "T", .help = "", .kind = FloatKind{0, 1}},
                {.name = "w", .placeholder = "W", .help = "", .kind = OneOf{{"a"}}}}};
  const Arguments arguments =
      parse_words({"--data.tokenizer=", "r.toml", "--prefix=", "--resume="}, program);
  EXPECT_EQ(arguments.positional, std::vector<std::string>{"r.toml"});
  ASSERT_EQ(arguments.overrides.size(), 1u);
  EXPECT_EQ(arguments.overrides[0].key, "data.tokenizer");
  EXPECT_EQ(arguments.overrides[0].value, "");
  EXPECT_EQ(arguments.value("prefix"), "");
  EXPECT_EQ(arguments.value("resume"), "");
  const auto refused = [&](const char* word) { return refusal({"r.toml", word}, program); };
  EXPECT_EQ(refused("--n="), "--n=: expected a whole number from 1 to 9");
  EXPECT_EQ(refused("--t="), "--t= is not a number from 0 to 1");
  EXPECT_EQ(refused("--w="), "--w= is unknown; known: a");
  EXPECT_TRUE(contains(refused("--digest="), "--digest"));
  EXPECT_TRUE(contains(refused("--sampels="), "--sampels: neither a flag of grind nor a key"));
  EXPECT_TRUE(contains(refused("--="), "see grind --help"));
}

TEST(CommandLine, RefusesWithTheNearestName) {
  EXPECT_EQ(refusal({"r.toml", "--sampels=4"}),
            "--sampels: neither a flag of grind nor a key; did you mean 'samples'?");
  EXPECT_EQ(refusal({"r.toml", "--bathc_size=4"}),
            "--bathc_size: neither a flag of grind nor a key; did you mean 'batch_size'?");
  EXPECT_EQ(refusal({"r.toml", "--qqqqqqqqqqqqqqqqqqqqqqqqq=4"}),
            "--qqqqqqqqqqqqqqqqqqqqqqqqq: neither a flag of grind nor a key; see grind --help");
  Program fixed = kProgram;
  fixed.overrides = false;
  EXPECT_EQ(refusal({"r.toml", "--batch_size=4"}, fixed),
            "--batch_size: unknown flag; see grind --help");
}

TEST(CommandLine, RefusesAKeyWithoutItsValue) {
  EXPECT_EQ(refusal({"r.toml", "--batch_size", "4"}),
            "--batch_size: a key takes its value after '=': --batch_size=VALUE");
}

TEST(CommandLine, RefusesWhatItCannotRead) {
  EXPECT_TRUE(contains(refusal({"r.toml", "--samples"}), "--samples"));
  EXPECT_TRUE(contains(refusal({"r.toml", "--digest=3"}), "--digest"));
  EXPECT_TRUE(contains(refusal({"r.toml", "--sam=3"}), "--sam: neither"));  // no abbreviations
  EXPECT_EQ(refusal({"r.toml", "-s"}), "-s: unknown flag; see grind --help");
}

TEST(CommandLine, CountsWords) {
  EXPECT_EQ(refusal({}),
            "something is missing; usage: grind CONFIG [overrides] [--samples N] [--resume[=DIR]]");
  EXPECT_TRUE(contains(refusal({"a", "b"}), "'b' is one argument too many; usage: grind"));
}

TEST(CommandLine, NumbersHaveARange) {
  const Arguments arguments = parse_words({"r.toml", "--samples=12"});
  EXPECT_EQ(arguments.number("samples", 1, 12), 12u);
  EXPECT_EQ(arguments.number("resume", 1, 12), std::nullopt);
  for (const char* wrong : {"--samples=0", "--samples=13", "--samples=-1", "--samples=1x",
                            "--samples=99999999999999999999"}) {
    EXPECT_EQ(message_of<UsageError>([&] {
                (void)parse_words({"r.toml", wrong}).number("samples", 1, 12);
              }),
              std::string(wrong) + ": expected a whole number from 1 to 12");
  }
}

Arguments parse_with(const FlagKind& kind, const std::string& value) {
  const Program program{.name = "grind",
                        .usage = "",
                        .about = "",
                        .flags = {{.name = "x", .placeholder = "X", .help = "", .kind = kind}},
                        .min_positional = 0};
  return parse_words({"--x", value.c_str()}, program);
}

std::string refusal(const FlagKind& kind, const std::string& value) {
  return message_of<UsageError>([&] { (void)parse_with(kind, value); });
}

TEST(FlagKinds, ATextIsAnyText) {
  EXPECT_EQ(parse_with(Text{}, "1x").value("x"), "1x");
  EXPECT_EQ(message_of<UsageError>([] { (void)parse_with(Text{}, "1x").number("x"); }),
            "--x=1x: expected a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(message_of<UsageError>([] { (void)parse_with(Text{}, "inf").real("x"); }),
            "--x inf is not a number that is finite");
}

TEST(FlagKinds, APathIsNotEmptyAndMayBeginAtTheHomeFolder) {
  EXPECT_EQ(parse_with(Path{}, "a b").value("x"), "a b");
  EXPECT_EQ(refusal(Path{}, ""), "--x=: expected a path that is not empty");
  EXPECT_EQ(parse_with(Path{}, "~/a").value("x"), std::string(std::getenv("HOME")) + "/a");
  EXPECT_TRUE(contains(refusal(Path{}, "~bob/a"), "--x ~bob/a: only ~/ is replaced"));
}

TEST(FlagKinds, AWholeNumberHasARange) {
  const WholeNumber kind{1, 12};
  EXPECT_EQ(parse_with(kind, "1").number("x"), 1u);
  EXPECT_EQ(parse_with(kind, "12").number("x"), 12u);
  for (const char* const wrong : {"0", "13", "-1", "1x", "1.0"}) {
    EXPECT_EQ(refusal(kind, wrong),
              "--x=" + std::string(wrong) + ": expected a whole number from 1 to 12");
  }
}

TEST(FlagKinds, ARealNumberHasARange) {
  const RealNumber kind{0.0, 2.0};
  EXPECT_EQ(parse_with(kind, "0.25").real("x"), 0.25);
  EXPECT_EQ(parse_with(kind, "0").real("x"), 0.0);
  EXPECT_EQ(parse_with(kind, "2").real("x"), 2.0);
  EXPECT_EQ(parse_with(kind, "2").real("y"), std::nullopt);
  for (const char* const wrong : {"2.5", "-1", "nan", "one", "1x"}) {
    EXPECT_EQ(refusal(kind, wrong), "--x " + std::string(wrong) + " is not a number from 0 to 2");
  }
  EXPECT_EQ(refusal(RealNumber{.least = 0.0, .most = 1.0, .above = true}, "0"),
            "--x 0 is not a number above 0 to 1");
}

TEST(FlagKinds, OneOfAFewWords) {
  const OneOf kind{{"linear", "cosine"}};
  EXPECT_EQ(parse_with(kind, "cosine").value("x"), "cosine");
  EXPECT_EQ(refusal(kind, "sine"), "--x sine is unknown; known: linear, cosine");
}

TEST(RunProgram, AnswersHelpAndVersionWithoutTheRest) {
  const auto never = [](const Arguments&) { return 9; };
  CaptureStdout();
  EXPECT_EQ(run({"--version"}, never), 0);
  EXPECT_EQ(GetCapturedStdout(), "grind " + version() + "\n");
  CaptureStdout();
  EXPECT_EQ(run({"--help"}, never), 0);
  const std::string help = GetCapturedStdout();
  EXPECT_TRUE(contains(help, "usage: grind CONFIG"));
  EXPECT_TRUE(contains(help, "--samples N"));
  EXPECT_TRUE(contains(help, "--resume[=DIR]"));
  CaptureStdout();
  EXPECT_EQ(run({"--help-keys"}, never), 0);
  EXPECT_EQ(GetCapturedStdout(), key_reference());
}

TEST(RunProgram, TurnsFailuresIntoOneLineAndAStatus) {
  CaptureStderr();
  EXPECT_EQ(
      run({"r.toml"}, [](const Arguments&) -> int { throw std::runtime_error("two\nlines"); }), 1);
  EXPECT_EQ(GetCapturedStderr(), "error: two lines\n");
  CaptureStderr();
  EXPECT_EQ(run({"r.toml"}, [](const Arguments&) -> int { throw UsageError("no"); }), 2);
  EXPECT_EQ(GetCapturedStderr(), "error: no\n");
  CaptureStderr();
  EXPECT_EQ(run({"r.toml", "--log-level=loud"}, [](const Arguments&) { return 0; }), 2);
  EXPECT_EQ(GetCapturedStderr(), "error: --log-level=loud: expected debug, info, warn or error\n");
  EXPECT_EQ(run({"r.toml"}, [](const Arguments&) { return 0; }), 0);
}

}  // namespace
}  // namespace millrace::config
