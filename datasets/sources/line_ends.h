// The message about line ends of old systems, which no format of lines has.
#pragma once

#include <string_view>

namespace millrace::datasets {

inline constexpr std::string_view kReturnsAlone =
    "carriage returns without newlines end its lines; make them newlines, e.g. with tr '\\r' '\\n' "
    "< FILE > NEW";

}  // namespace millrace::datasets
