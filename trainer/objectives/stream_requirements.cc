// The sentences for streams that do not fit (stream_requirements.h).
#include "trainer/objectives/stream_requirements.h"

#include "config/errors.h"

namespace millrace::trainer {
namespace {

std::string with_type(proto::Role role, proto::LogicalType type) {
  return std::string(proto::to_string(role)) + " (" + std::string(proto::to_string(type)) + ")";
}

void append(std::string& list, const std::string& entry) {
  list += (list.empty() ? "" : ", ") + entry;
}

std::string what_it_has(const proto::Schema& schema) {
  std::string list;
  for (const proto::Field& field : schema.fields) {
    append(list, with_type(field.role, field.logical));
  }
  return list;
}

std::string who(const Needs& needs) { return "train.objective = \"" + needs.objective + "\""; }

std::string remedy(const Needs& needs) {
  return "; choose provider.name = " + needs.providers + ", or another train.objective";
}

}  // namespace

void require_fields(const Needs& needs, const proto::StreamMeta& meta) {
  std::string missing;
  for (const NeededField& need : needs.fields) {
    const int found = meta.schema.find(need.role);
    if (found < 0 || meta.schema.fields[static_cast<std::size_t>(found)].logical != need.type) {
      append(missing, with_type(need.role, need.type));
    }
  }
  if (missing.empty()) return;
  throw config::UsageError(who(needs) + " needs fields that the stream of provider \"" +
                           meta.provider + "\" lacks: " + missing + "; it has " +
                           what_it_has(meta.schema) + remedy(needs));
}

std::int64_t require_mask(const Needs& needs, const proto::StreamMeta& meta) {
  if (meta.mask_token_id) return *meta.mask_token_id;
  throw config::UsageError(who(needs) + " needs a [MASK] token, and the stream of provider \"" +
                           meta.provider + "\" has none" + remedy(needs));
}

}  // namespace millrace::trainer
