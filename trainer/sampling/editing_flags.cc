// The own flags of the sampler `editing` (editing_flags.h). They have the names of the reference's
// settings.
#include "trainer/sampling/editing_flags.h"

namespace millrace::trainer {
namespace {

constexpr std::uint64_t kMaxDistance = 1'000'000;

struct RealKnob {
  const char* flag;
  const char* placeholder;
  const char* help;
  double& (*of)(EditPlan&);
  double most = 1.0;  ///< the least is 0
};
constexpr RealKnob kReals[] = {
    {"insert-ratio-start", "R",
     "editing: the first round inserts this share of the tokens that are not given; default 0",
     [](EditPlan& plan) -> double& { return plan.insert_ratio.start; }},
    {"insert-ratio-end", "R", "editing: the last round inserts this share; default 0",
     [](EditPlan& plan) -> double& { return plan.insert_ratio.end; }},
    {"delete-ratio-start", "R",
     "editing: the first round deletes at most this share of those tokens; default 0",
     [](EditPlan& plan) -> double& { return plan.delete_ratio.start; }},
    {"delete-ratio-end", "R", "editing: the last round deletes at most this share; default 0",
     [](EditPlan& plan) -> double& { return plan.delete_ratio.end; }},
    {"noise-start", "R",
     "editing: each of those tokens becomes noise in the first round with this probability; "
     "default 0",
     [](EditPlan& plan) -> double& { return plan.noise.start; }},
    {"noise-end", "R", "editing: the same in the last round; default 0",
     [](EditPlan& plan) -> double& { return plan.noise.end; }},
    {"delete-margin", "P",
     "editing: a deletion must gain more than this in probability; default 0.02",
     [](EditPlan& plan) -> double& { return plan.delete_margin; }},
    {"delete-lambda", "W", "editing: the weight of the next token's gain; default 0.3",
     [](EditPlan& plan) -> double& { return plan.delete_lambda; }, 1e6},
};

struct CurveKnob {
  const char* flag;
  const char* help;
  Curve EditPlan::*of;
};
constexpr CurveKnob kCurves[] = {
    {"edit-schedule",
     "editing: how the ratios change from round to round, linear or cosine; default cosine",
     &EditPlan::edit_schedule},
    {"noise-schedule", "editing: how the noise changes, linear or cosine; default cosine",
     &EditPlan::noise_schedule},
};

constexpr const char* kDistance = "cooldown-distance";
constexpr const char* kTarget = "length-target";

}  // namespace

std::vector<config::Flag> edit_flags() {
  std::vector<config::Flag> flags;
  for (const RealKnob& knob : kReals) {
    flags.push_back({.name = knob.flag,
                     .placeholder = knob.placeholder,
                     .help = knob.help,
                     .kind = config::RealNumber{0.0, knob.most}});
  }
  for (const CurveKnob& knob : kCurves) {
    flags.push_back({.name = knob.flag,
                     .placeholder = "NAME",
                     .help = knob.help,
                     .kind = config::OneOf{{"linear", "cosine"}}});
  }
  flags.push_back({.name = kDistance,
                   .placeholder = "N",
                   .help = "editing: tokens around the last edits without a new edit; default 5",
                   .kind = config::WholeNumber{0, kMaxDistance}});
  flags.push_back({.name = kTarget,
                   .placeholder = "NAME",
                   .help = "editing: none, or length: texts return to --length; default none",
                   .kind = config::OneOf{{"none", "length"}}});
  return flags;
}

EditPlan read_edit_plan(const config::Arguments& arguments) {
  EditPlan plan;
  for (const RealKnob& knob : kReals) {
    knob.of(plan) = arguments.real(knob.flag).value_or(knob.of(plan));
  }
  for (const CurveKnob& knob : kCurves) {
    if (const auto word = arguments.value(knob.flag)) {
      plan.*knob.of = *word == "linear" ? Curve::kLinear : Curve::kCosine;
    }
  }
  plan.cooldown_distance = arguments.number(kDistance).value_or(plan.cooldown_distance);
  plan.keeps_length = arguments.value(kTarget) == "length";
  return plan;
}

}  // namespace millrace::trainer
