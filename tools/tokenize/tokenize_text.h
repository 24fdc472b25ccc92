// tokenize --encode and --decode: encodes and decodes standard input, to try a tokenizer.
//
// Plain: the whole input is one text, or ids separated by spaces; ids are printed on one line, text
// as its exact bytes. JSON lines: each line "text" gives a line [ids], and vice versa; bytes that
// are not UTF-8 are printed as U+FFFD.
#pragma once

#include <iosfwd>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::tools {

/// Throws std::runtime_error for invalid input, with the line's number or the offset.
void encode_stream(const datasets::ByteLevelBpe& bpe, datasets::Specials specials, bool json_lines,
                   std::istream& in, std::ostream& out);
void decode_stream(const datasets::ByteLevelBpe& bpe, bool json_lines, std::istream& in,
                   std::ostream& out);

}  // namespace millrace::tools
