// tokenize CONFIG --out DIR: writes the documents of a recipe's [data] as files of token ids.
// --encode and --decode try a tokenizer.
#include <fmt/ostream.h>

#include <iostream>
#include <limits>

#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "datasets/bpe/bpe_files.h"
#include "tools/tokenize/tokenize_recipe.h"
#include "tools/tokenize/tokenize_text.h"

namespace {

using namespace millrace;

const config::Program kProgram{
    .name = "tokenize",
    .usage =
        "CONFIG [overrides] --out DIR [--shard-tokens N] | --encode TOKENIZER | --decode TOKENIZER",
    .about =
        "Writes the documents of a recipe's [data] as files of token ids, train.bin and val.bin, "
        "with the byte-level BPE of\n"
        "data.tokenizer. Started again after an interruption, it continues. Or encodes and decodes "
        "standard input.",
    .flags = {{.name = "out",
               .placeholder = "DIR",
               .help = "folder of the files and their meta.json",
               .kind = config::Path{}},
              {"shard-tokens", "N", "write files of N tokens each: train_000000.bin, …"},
              {.name = "encode",
               .placeholder = "TOKENIZER",
               .help =
                   "print the token ids of the text on standard input; with --json: of JSON lines",
               .kind = config::Path{}},
              {.name = "decode",
               .placeholder = "TOKENIZER",
               .help =
                   "print the text of the token ids on standard input; with --json: of JSON lines",
               .kind = config::Path{}},
              {"specials", "", "with --encode: recognise special tokens in the text"}},
    .min_positional = 0,
};

void print(const tools::TokenRecord& record) {
  for (const auto& [name, split] : record.splits) {
    fmt::print(std::cout, "{{\"split\":\"{}\",\"tokens\":{},\"documents\":{},\"files\":{}}}\n",
               name, split.tokens(), split.documents, split.shards.size());
  }
}

/// The recipe's documents into files.
int write_files(const config::Arguments& arguments) {
  const auto out = arguments.value("out");
  if (arguments.positional.empty() || !out || out->empty()) {
    throw config::UsageError(
        "name a CONFIG and --out DIR, or --encode or --decode with a tokenizer; see tokenize "
        "--help");
  }
  arguments.refuse({"specials"}, "--out: it is of --encode alone");
  const auto shard_tokens =
      arguments.number("shard-tokens", 1, std::numeric_limits<std::uint32_t>::max());
  const config::Options options = config::load_recipe(
      arguments.positional.front(), arguments.overrides, config::RecipeUse::kDocuments);
  config::catch_stop_signals();
  const tools::TokenRecord record = tools::tokenize_recipe(options.data, *out, shard_tokens);
  if (arguments.json) print(record);
  return 0;
}

int run(const config::Arguments& arguments) {
  const auto encode = arguments.value("encode");
  const auto decode = arguments.value("decode");
  if (!encode && !decode) return write_files(arguments);
  if ((encode && decode) || !arguments.positional.empty() || !arguments.overrides.empty()) {
    throw config::UsageError(
        "--encode and --decode work on standard input, each by itself, without CONFIG and "
        "overrides");
  }
  arguments.refuse({"out", "shard-tokens"}, "--encode and --decode, which print what they make");
  if (decode) arguments.refuse({"specials"}, "--decode");
  const auto specials =
      arguments.has("specials") ? datasets::Specials::kRecognised : datasets::Specials::kAsText;
  if (encode) {
    tools::encode_stream(*datasets::load_bpe(*encode), specials, arguments.json, std::cin,
                         std::cout);
  }
  if (decode) {
    tools::decode_stream(*datasets::load_bpe(*decode), arguments.json, std::cin, std::cout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
