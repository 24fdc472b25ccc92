// What C++ says, one line per fact, for the tests of python/:
//   sdk_oracle draws SEED SPLIT STAGE INDEX      words, values below n, permutations of that place
//   sdk_oracle settings RECIPE [KEY=VALUE …]     the provider's name and the stream's settings
#include <array>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "providers/random/permutation.h"
#include "providers/random/philox.h"

namespace {

using namespace millrace;
using providers::PhiloxStream;
using providers::Purpose;

void print_words(const PhiloxStream& draws, std::uint8_t purpose) {
  std::cout << "words " << unsigned{purpose};
  for (const std::uint32_t word : draws.words(Purpose{purpose}, 2, 9)) std::cout << ' ' << word;
  std::cout << '\n';
}

void print_below(const PhiloxStream& draws, std::uint32_t n) {
  std::cout << "below " << n << ' ' << providers::uniform_below(draws.word(Purpose::kStart, 5), n)
            << '\n';
}

void print_entry(const PhiloxStream& draws, std::uint64_t n, std::uint64_t i) {
  std::cout << "permuted " << n << ' ' << i << ' '
            << providers::permuted(draws, Purpose::kOrder, n, i) << '\n';
}

void print_shuffled(const PhiloxStream& draws, std::size_t n) {
  std::vector<std::uint8_t> order(n);
  providers::shuffle(draws, Purpose::kMix, order);
  std::cout << "shuffled " << n;
  for (const std::uint8_t entry : order) std::cout << ' ' << unsigned{entry};
  std::cout << '\n';
}

void print_draws(const std::vector<std::string>& place) {
  const PhiloxStream draws(
      std::stoull(place.at(0)), static_cast<proto::Split>(std::stoul(place.at(1))),
      static_cast<std::uint8_t>(std::stoul(place.at(2))), std::stoull(place.at(3)));
  for (const int purpose : {0, 1, 8, 200, 255}) {
    print_words(draws, static_cast<std::uint8_t>(purpose));
  }
  for (const std::uint32_t n : {1U, 2U, 10U, 1000003U, 4294967295U}) {
    print_below(draws, n);
  }
  for (const std::uint64_t n :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{37}, std::uint64_t{65537},
        std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1, std::uint64_t{1} << 40}) {
    print_entry(draws, n, 0);
    print_entry(draws, n, n / 3);
    print_entry(draws, n, n - 1);
  }
  for (const std::size_t n : {1, 2, 9, 250}) print_shuffled(draws, n);
}

void print_settings(const std::vector<std::string>& words) {
  std::vector<config::Override> overrides;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    overrides.push_back({words[i].substr(0, equals), words[i].substr(equals + 1)});
  }
  const config::Options options = config::load_recipe(words.at(0), overrides);
  std::cout << "provider=" << config::provider_name(options) << '\n'
            << "data_seed=" << options.data.data_seed << '\n';
  for (const auto& [key, value] : config::stream_settings(options)) {
    std::cout << key << '=' << value << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  words.at(0) == "draws" ? print_draws(rest) : print_settings(rest);
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
