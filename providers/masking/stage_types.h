// All types of stages by name: what a recipe's provider.stages can ask for.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "config/options.h"
#include "providers/masking/masking.h"

namespace millrace::providers {

/// A type's name in recipes and its factory. A factory gets numbers in the ranges of their keys
/// where config/stages.cc lists the type; of any other type it checks the settings itself.
struct StageType {
  std::string_view name;
  std::unique_ptr<const Masking> (*make)(const config::StageOptions&);
};

[[nodiscard]] std::span<const StageType> stage_types();

/// The masking of a stage, whose type is one of `types`. Throws config::UsageError for any other
/// type, listing those, and for a number outside its key's range; else what the factory throws.
[[nodiscard]] std::unique_ptr<const Masking> make_masking(
    const config::StageOptions& stage, std::span<const StageType> types = stage_types());

}  // namespace millrace::providers
