// Prints samples of a batch on stdout, as text, JSON or digests.
#pragma once

#include <cstdint>

#include "proto/batch.h"
#include "proto/meta.h"

namespace millrace::tools {

enum class Form : std::uint8_t {
  kText,       ///< decoded, with marks
  kJson,       ///< decoded, one JSON object a line
  kDigests,    ///< "split index stage digest"
  kDigestJson  ///< the same as JSON
};

/// Prints every row of the batch.
void show_samples(const proto::StreamMeta& meta, const proto::Batch& batch, Form form);

/// Prints the legend of kText; nothing for the other forms.
void show_legend(Form form);

}  // namespace millrace::tools
