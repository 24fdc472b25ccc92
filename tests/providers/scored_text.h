// A small text as scored token shards, for tests of all providers.
#pragma once

#include <filesystem>

#include "annotation/annotate.h"
#include "config/options.h"
#include "tests/providers/support.h"

namespace millrace::providers {

/// Annotates the text of options.data.path in a folder of this process, unless that has been done.
inline void take_shards(config::Options& options) {
  static const TextFile place("", "shards-are-beside");
  options.data.shards = std::filesystem::path(place.path()).parent_path() /
                        std::filesystem::path(*options.data.path).stem();
  options.annotate.vocab_size = 300;
  options.provider.stage1_length = 24;
  options.provider.stage2_length = 34;
  options.provider.stage3_length = 64;
  (void)annotation::annotate(options, {});
}

}  // namespace millrace::providers
