// tokenize --encode TOKENIZER | --decode TOKENIZER: texts to token ids and back.
#include <iostream>

#include "config/command_line.h"
#include "config/errors.h"
#include "datasets/bpe_files.h"
#include "tools/tokenize_text.h"

namespace {

using namespace millrace;

const config::Program kProgram{
    .name = "tokenize",
    .usage = "--encode TOKENIZER | --decode TOKENIZER",
    .about = "Texts to token ids and back.",
    .flags = {{"encode", "TOKENIZER", "standard input is a text: print its token ids; with --json, JSON lines of texts"},
              {"decode", "TOKENIZER", "standard input is token ids: print their text; with --json, JSON lines of lists"},
              {"specials", "", "with --encode: the texts of special tokens become those tokens"}},
    .min_positional = 0,
};

int run(const config::Arguments& arguments) {
  if (const auto tokenizer = arguments.value("encode")) {
    const auto specials = arguments.has("specials") ? datasets::Specials::kRecognised : datasets::Specials::kAsText;
    tools::encode_stream(*datasets::load_bpe(*tokenizer), specials, arguments.json, std::cin, std::cout);
  } else if (const auto other = arguments.value("decode")) {
    tools::decode_stream(*datasets::load_bpe(*other), arguments.json, std::cin, std::cout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
