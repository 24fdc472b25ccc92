// Fingerprints, and the comparison of two streams.
#include "proto/meta.h"

#include <algorithm>
#include <span>
#include <stdexcept>

#include "base/text.h"
#include "base/utf8.h"
#include "proto/digest.h"

namespace millrace::proto {
namespace {

std::string describe_field(const Field& field) {
  return field.name + ' ' + std::string(to_string(field.wire)) + ' ' +
         std::string(to_string(field.logical)) + " [" + base::joined(field.shape, ",") + "] " +
         std::string(to_string(field.role)) + (field.sentinel ? " sentinel" : "");
}

using Facts = std::map<std::string, std::string>;

const std::string kEpochSamples = "epoch_samples";
const std::string kDataset = "dataset";
const std::string kDigest = "digest of the first ";

std::string text_of(std::uint64_t size) {
  return size == kEndless ? "endless" : std::to_string(size);
}

/// A list as a message shows it.
std::string text_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += std::to_string(text.size()) + ' ' + text + '\n';
  return texts.empty()
             ? "empty"
             : "of " + std::to_string(texts.size()) + " texts (digest " + hex16(xxh64(lines)) + ")";
}

/// The facts by which two streams are compared: every field of the meta, so that the meta that is
/// kept says the same of all producers' samples.
Facts facts(const StreamMeta& meta) {
  // Names all fields: with another one this does not compile, until it is decided what becomes of
  // it.
  const auto& [provider, format_version, settings, dataset_name, dataset_hash, data_seed, schema,
               vocabulary, byte_level, vocab_size, mask_token_id, ignore_index, block_size,
               train_stages, val_stages, sizes, epoch_samples, fingerprint, probe] = meta;
  Facts all = settings;
  all["provider"] = provider;
  all["format_version"] = std::to_string(format_version);
  all[kDataset] = dataset_name + " (content " + dataset_hash + ")";
  all["data_seed"] = std::to_string(data_seed);
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    all["field " + std::to_string(i)] = describe_field(schema.fields[i]);
  }
  all["vocabulary"] = text_of(vocabulary);
  all["byte_level"] = byte_level ? "true" : "false";
  all["vocab_size"] = std::to_string(vocab_size);
  all["mask_token_id"] = mask_token_id ? std::to_string(*mask_token_id) : "none";
  all["ignore_index"] = std::to_string(ignore_index);
  all["samples' block_size"] = std::to_string(block_size);
  all["train_stages"] = text_of(train_stages);
  all["val_stages"] = text_of(val_stages);
  if (epoch_samples) all[kEpochSamples] = std::to_string(*epoch_samples);
  for (const Split split : kSplits) {
    const std::string name(to_string(split));
    all["size of " + name] = text_of(sizes[static_cast<std::size_t>(split)]);
    const std::string& digest = probe[static_cast<std::size_t>(split)];
    if (!digest.empty()) all[kDigest + name + " samples"] = digest;
  }
  (void)fingerprint;  // a function of others, fingerprint_of(): named where nothing else is
  return all;
}

}  // namespace

void check(const StreamMeta& meta) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument(what);
  };
  check(meta.schema);
  const std::string tokens = base::counted(meta.vocab_size, "token");
  require(meta.vocabulary.empty() || meta.vocabulary.size() == meta.vocab_size,
          "the vocabulary names " + std::to_string(meta.vocabulary.size()) + " of " + tokens);
  require(!meta.mask_token_id || *meta.mask_token_id < meta.vocab_size,
          "[MASK] is token " + std::to_string(meta.mask_token_id.value_or(0)) + " of " + tokens);
  require(meta.ignore_index < 0 || meta.ignore_index >= meta.vocab_size,
          "ignore_index " + std::to_string(meta.ignore_index) + " is one of " + tokens);
  require(meta.block_size >= 1 && meta.block_size <= kMaxBlockSize,
          "block_size is " + std::to_string(meta.block_size));
  for (const auto* const stages : {&meta.train_stages, &meta.val_stages}) {
    require(!stages->empty() && stages->size() <= kMaxStages,
            "a split has " + base::counted(stages->size(), "stage"));
  }
  require(meta.size(Split::kTrain) > 0, "the train split is empty");
  require(meta.epoch_samples != 0, "an epoch without samples");
}

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
  std::vector<Difference> found = differences(facts(here), facts(there));
  // Builds before 0.1 do not say it, and a provider may not know it: then nothing differs.
  if (!here.epoch_samples || !there.epoch_samples) {
    std::erase_if(found, [](const Difference& one) { return one.what == kEpochSamples; });
  }
  // The same content under another name is the same data.
  if (!here.dataset_hash.empty() && here.dataset_hash == there.dataset_hash) {
    std::erase_if(found, [](const Difference& one) { return one.what == kDataset; });
  }
  // A digest differs because something else does, which a reader sees first.
  std::ranges::stable_partition(
      found, [](const Difference& one) { return !one.what.starts_with(kDigest); });
  // Of settings that have the name of a field, the above tells nothing.
  if (found.empty() && here.fingerprint != there.fingerprint) {
    found.push_back({"fingerprint", here.fingerprint, there.fingerprint});
  }
  return found;
}

std::string describe(const std::vector<Difference>& differences, const std::string& here,
                     const std::string& there) {
  constexpr std::size_t kMost = 3;
  static constexpr std::size_t kMostBytes = 200;  // of a value, which a peer may have made up
  const auto shown = [](const std::string& value) {
    const std::string begin(base::whole_characters(value, kMostBytes));
    return begin.size() == value.size() ? value : begin + "…";
  };
  std::string text = base::joined(std::span(differences).first(std::min(kMost, differences.size())),
                                  "; ", [&](const Difference& one) {
                                    return shown(one.what) + " is " + shown(one.here) + ' ' + here +
                                           " and " + shown(one.there) + ' ' + there;
                                  });
  if (differences.size() > kMost) {
    text += "; and " + std::to_string(differences.size() - kMost) + " more";
  }
  return text;
}

}  // namespace millrace::proto
