// Flags of `sample` (sample_flags.h). Those of editing have the names of the reference's settings.
#include "trainer/sampling/sample_flags.h"

#include <charconv>
#include <utility>
#include <vector>

#include "config/errors.h"

namespace millrace::trainer {
namespace {

using config::Arguments, config::UsageError;

constexpr std::uint64_t kMostDistance = 1'000'000;
constexpr RealRange kShare{0.0, 1.0, "from 0 to 1"};
constexpr RealRange kWeight{0.0, 1e6, "from 0 to 1e6"};

struct RealKnob {
  const char* flag;
  const char* placeholder;
  const char* help;
  RealRange range;
  double& (*of)(EditPlan&);
};
constexpr RealKnob kReals[] = {
    {"insert-ratio-start", "R",
     "editing: the first round inserts this share of the tokens that are not given; default 0",
     kShare, [](EditPlan& plan) -> double& { return plan.insert_ratio.start; }},
    {"insert-ratio-end", "R", "the last round's; default 0", kShare,
     [](EditPlan& plan) -> double& { return plan.insert_ratio.end; }},
    {"delete-ratio-start", "R",
     "editing: the first round deletes at most this share of them; default 0", kShare,
     [](EditPlan& plan) -> double& { return plan.delete_ratio.start; }},
    {"delete-ratio-end", "R", "the last round's; default 0", kShare,
     [](EditPlan& plan) -> double& { return plan.delete_ratio.end; }},
    {"noise-start", "R", "editing: the first round makes this share of them noise; default 0",
     kShare, [](EditPlan& plan) -> double& { return plan.noise.start; }},
    {"noise-end", "R", "the last round's; default 0", kShare,
     [](EditPlan& plan) -> double& { return plan.noise.end; }},
    {"delete-margin", "P", "editing: what a deletion must gain in probability; default 0.02",
     kShare, [](EditPlan& plan) -> double& { return plan.delete_margin; }},
    {"delete-lambda", "W", "editing: how much the gain of the next token counts; default 0.3",
     kWeight, [](EditPlan& plan) -> double& { return plan.delete_lambda; }},
};

struct CurveKnob {
  const char* flag;
  const char* help;
  Curve EditPlan::*of;
};
constexpr CurveKnob kCurves[] = {
    {"edit-schedule",
     "editing: how the ratios go from start to end, linear or cosine; default cosine",
     &EditPlan::edit_schedule},
    {"noise-schedule", "editing: how the noise goes, linear or cosine; default cosine",
     &EditPlan::noise_schedule},
};

constexpr const char* kDistance = "cooldown-distance";
constexpr const char* kTarget = "length-target";

std::vector<config::Flag> edit_flags() {
  std::vector<config::Flag> flags;
  for (const RealKnob& knob : kReals) {
    flags.push_back({.name = knob.flag, .placeholder = knob.placeholder, .help = knob.help});
  }
  for (const CurveKnob& knob : kCurves) {
    flags.push_back({.name = knob.flag, .placeholder = "NAME", .help = knob.help});
  }
  flags.push_back({.name = kDistance,
                   .placeholder = "N",
                   .help = "editing: tokens around the last edits that rest; default 5"});
  flags.push_back({.name = kTarget,
                   .placeholder = "NAME",
                   .help = "editing: length leads texts back to --length; default none"});
  return flags;
}

/// Which of two words the flag's value is; `otherwise` where it is not given.
bool is_second(const Arguments& arguments, const std::string& flag, const std::string& first,
               const std::string& second, bool otherwise) {
  const auto given = arguments.value(flag);
  if (!given) return otherwise;
  if (*given != first && *given != second) {
    throw UsageError("--" + flag + " " + *given + " is unknown; known: " + first + ", " + second);
  }
  return *given == second;
}

void check_sampler(const Arguments& arguments) {
  if (arguments.value("sampler") == "editing") return;
  for (const config::Flag& flag : edit_flags()) {
    if (arguments.has(flag.name)) {
      throw UsageError("--" + flag.name +
                       " goes with --sampler editing alone; choose that, or leave the flag out");
    }
  }
}

}  // namespace

std::optional<double> real_flag(const Arguments& arguments, const std::string& flag,
                                const RealRange& range) {
  const auto given = arguments.value(flag);
  if (!given) return std::nullopt;
  double value = 0.0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc{} || end != given->data() + given->size() ||
      !(value >= range.least && value <= range.most)) {
    throw UsageError("--" + flag + " " + *given + " is not a number " + range.words);
  }
  return value;
}

config::Program with_edit_flags(config::Program program) {
  for (config::Flag& flag : edit_flags()) program.flags.push_back(std::move(flag));
  return program;
}

EditPlan read_edit_plan(const Arguments& arguments) {
  check_sampler(arguments);
  EditPlan plan;
  for (const RealKnob& knob : kReals) {
    knob.of(plan) = real_flag(arguments, knob.flag, knob.range).value_or(knob.of(plan));
  }
  for (const CurveKnob& knob : kCurves) {
    plan.*knob.of =
        is_second(arguments, knob.flag, "linear", "cosine", plan.*knob.of == Curve::kCosine)
            ? Curve::kCosine
            : Curve::kLinear;
  }
  plan.cooldown_distance =
      arguments.number(kDistance, 0, kMostDistance).value_or(plan.cooldown_distance);
  plan.keeps_length = is_second(arguments, kTarget, "none", "length", plan.keeps_length);
  return plan;
}

}  // namespace millrace::trainer
