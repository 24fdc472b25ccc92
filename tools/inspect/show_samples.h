// Samples of a batch on stdout, in the form that was asked for.
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

/// Every row of the batch.
void show_samples(const proto::StreamMeta& meta, const proto::Batch& batch, Form form);

/// The legend of kText; nothing for the other forms.
void show_legend(Form form);

}  // namespace millrace::tools
