// proto::read_group on a file's bytes.
#include "proto/group_file.h"
#include "tests/fuzz/harness.h"

namespace millrace::fuzz {

bool take_group_file(std::string_view input) {
  const auto group = proto::read_group(scratch_file("group.json", input));
  if (!group) return false;
  const std::string copy = scratch_file("copy.json", {});
  proto::write_group(copy, *group);
  require(proto::read_group(copy) == group,
          "a group's file that is taken can be written and read as the same");
  return true;
}

}  // namespace millrace::fuzz
