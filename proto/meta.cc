// Fingerprints, and the comparison of two streams.
#include "proto/meta.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "proto/digest.h"

namespace millrace::proto {
namespace {

std::string describe_field(const Field& field) {
  return field.name + ' ' + std::string(to_string(field.wire)) + ' ' +
         std::string(to_string(field.logical)) + " [" + base::joined(field.shape, ",") + "] " +
         std::string(to_string(field.role)) + (field.sentinel ? " sentinel" : "");
}

using Facts = std::map<std::string, std::string>;

/// The facts by which two streams are compared (not in the order of the fingerprint's lines).
Facts facts(const StreamMeta& meta) {
  Facts all = meta.settings;
  all["provider"] = meta.provider;
  all["format_version"] = std::to_string(meta.format_version);
  all["dataset"] = meta.dataset_name + " (content " + meta.dataset_hash + ")";
  all["data_seed"] = std::to_string(meta.data_seed);
  for (std::size_t i = 0; i < meta.schema.fields.size(); ++i) {
    all["field " + std::to_string(i)] = describe_field(meta.schema.fields[i]);
  }
  for (const Split split : kSplits) {
    const std::string& probe = meta.probe[static_cast<std::size_t>(split)];
    if (!probe.empty()) {
      all["digest of the first " + std::string(to_string(split)) + " samples"] = probe;
    }
  }
  return all;
}

}  // namespace

std::string fingerprint_text(const StreamMeta& meta) {
  std::string text;
  const auto line = [&text](const std::string& key, const std::string& value) {
    text += key + '=' + value + '\n';
  };
  line("provider", meta.provider);
  line("format_version", std::to_string(meta.format_version));
  line("dataset_hash", meta.dataset_hash);
  line("data_seed", std::to_string(meta.data_seed));
  for (const auto& [key, value] : meta.settings) line("setting." + key, value);
  for (std::size_t i = 0; i < meta.schema.fields.size(); ++i) {
    line("field." + std::to_string(i), describe_field(meta.schema.fields[i]));
  }
  return text;
}

std::string fingerprint_of(const StreamMeta& meta) { return hex16(xxh64(fingerprint_text(meta))); }

std::vector<Difference> differences(const Facts& here, const Facts& there) {
  static const std::string kUnset = "(unset)";
  std::vector<Difference> found;
  for (const auto& [key, value] : here) {
    const auto other = there.find(key);
    if (other == there.end()) {
      found.push_back({key, value, kUnset});
    } else if (other->second != value) {
      found.push_back({key, value, other->second});
    }
  }
  for (const auto& [key, value] : there) {
    if (!here.contains(key)) found.push_back({key, kUnset, value});
  }
  return found;
}

std::vector<Difference> differences(const StreamMeta& here, const StreamMeta& there) {
  return differences(facts(here), facts(there));
}

std::string describe(const std::vector<Difference>& differences, const std::string& here,
                     const std::string& there) {
  constexpr std::size_t kMost = 3;
  std::string text = base::joined(std::span(differences).first(std::min(kMost, differences.size())),
                                  "; ", [&](const Difference& one) {
                                    return one.what + " is " + one.here + ' ' + here + " and " +
                                           one.there + ' ' + there;
                                  });
  if (differences.size() > kMost) {
    text += "; and " + std::to_string(differences.size() - kMost) + " more";
  }
  return text;
}

}  // namespace millrace::proto
