// Every text of a grammar, character by character: the oracle for what Grammar derives from its
// rules.
//
// A node stands for prefixes of lines after which the same may follow with the same probabilities.
// Behind a node stand the derivations that its prefixes may have so far: places in the rules, each
// with its share. Prefixes with equal places and shares meet in one node, so that 10^13 lines need
// only some 10^5 nodes. Sums over all lines are then sums along the edges, from the end backwards.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "providers/grammar/grammar.h"

namespace millrace::providers {

class PrefixGraph {
 public:
  struct Edge {
    char character = 0;
    double probability = 0;  ///< of the character behind the prefix
    std::uint32_t to = 0;
  };
  struct Node {
    std::vector<Edge> next;     ///< by character; of a finished line none
    double total = 0;           ///< probability that the line ends
    double nats = 0;            ///< mean of −ln P of what follows
    double squared_nats = 0;    ///< mean of its square
    double characters = 0;      ///< mean length of what follows
    std::uint64_t texts = 0;    ///< how many different texts may follow
    std::uint32_t longest = 0;  ///< length of the longest of them

    /// Entropy of the next character.
    [[nodiscard]] double next_nats() const;
  };

  explicit PrefixGraph(const Grammar& grammar);

  static constexpr std::uint32_t kEnd = 0;  ///< the node behind a newline
  [[nodiscard]] std::uint32_t start() const { return start_; }
  /// A node stands behind all that its edges lead to.
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// Whether any prefix has two derivations that go on alike: then so has a line.
  [[nodiscard]] bool is_ambiguous() const { return ambiguous_; }

 private:
  /// A place in the rules: in front of a character of an alternative's text, or of a reference.
  struct Place {
    std::size_t rule = 0;
    std::size_t alternative = 0;
    std::size_t part = 0;
    std::size_t character = 0;
    std::uint32_t back = 0;  ///< where to go on behind the alternative
    bool capital = false;    ///< whether the next character is in upper case
    auto operator<=>(const Place&) const = default;
  };
  /// Numbers of places, ascending, with their shares.
  using Belief = std::map<std::uint32_t, double>;

  [[nodiscard]] const Grammar::Alternative& alternative(const Place& place) const;
  std::uint32_t numbered(const Place& place);
  void follow(const Place& place, double probability, std::map<char, Belief>& next);
  void move_to(std::uint32_t number, double probability, Belief& belief);
  std::uint32_t visit(Belief belief);
  [[nodiscard]] Node summed(std::vector<Edge> next) const;

  const Grammar& grammar_;
  std::vector<Place> places_;
  std::map<Place, std::uint32_t> numbers_;
  std::map<Belief, std::uint32_t> seen_;
  std::vector<Node> nodes_;
  std::uint32_t start_ = 0;
  bool ambiguous_ = false;
};

}  // namespace millrace::providers
