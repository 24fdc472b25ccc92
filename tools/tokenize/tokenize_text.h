// tokenize --encode and --decode: texts and token ids through standard input and output, to look at
// a tokenizer.
//
// Plain: all of the input is one text, or ids between spaces; ids come out in one line, text as its
// exact bytes. As JSON lines: each line "text" gives a line [ids], and the other way round; bytes
// that are no UTF-8 come out as U+FFFD.
#pragma once

#include <iosfwd>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::tools {

/// Throws std::runtime_error for a line or text that cannot be taken, with its number or offset.
void encode_stream(const datasets::ByteLevelBpe& bpe, datasets::Specials specials, bool json_lines,
                   std::istream& in, std::ostream& out);
void decode_stream(const datasets::ByteLevelBpe& bpe, bool json_lines, std::istream& in,
                   std::ostream& out);

}  // namespace millrace::tools
