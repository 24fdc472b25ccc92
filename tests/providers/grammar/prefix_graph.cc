// PrefixGraph: follows all derivations at once, character by character.
#include "tests/providers/grammar/prefix_graph.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace millrace::providers {
namespace {

// Places that lie in no alternative.
constexpr std::uint32_t kFinished = 0;  // behind the newline
constexpr std::uint32_t kNewline = 1;   // in front of it

}  // namespace

double PrefixGraph::Node::next_nats() const {
  double entropy = 0;
  for (const Edge& edge : next) entropy -= edge.probability * std::log(edge.probability);
  return entropy;
}

PrefixGraph::PrefixGraph(const Grammar& grammar) : grammar_(grammar), places_(2), nodes_(1) {
  nodes_[kEnd].total = 1;
  nodes_[kEnd].texts = 1;
  seen_[{{kFinished, 1.0}}] = kEnd;
  Belief all;
  for (std::size_t i = 0; i < grammar.rules().front().alternatives.size(); ++i) {
    const Grammar::Rule& line = grammar.rules().front();
    all[numbered({.alternative = i, .back = kNewline})] =
        static_cast<double>(line.alternatives[i].weight) / line.total;
  }
  start_ = visit(std::move(all));
}

const Grammar::Alternative& PrefixGraph::alternative(const Place& place) const {
  return grammar_.rules()[place.rule].alternatives[place.alternative];
}

/// The end of an alternative is the place to go on behind it.
std::uint32_t PrefixGraph::numbered(const Place& place) {
  if (place.part == alternative(place).parts.size()) return place.back;
  const auto [at, is_new] = numbers_.emplace(place, places_.size());
  if (is_new) places_.push_back(place);
  return at->second;
}

/// Adds where the characters that may follow a place lead to.
void PrefixGraph::follow(const Place& place, double probability, std::map<char, Belief>& next) {
  const Grammar::Part& part = alternative(place).parts[place.part];
  Place behind = place;
  behind.capital = false;
  if (part.rule) {
    ++behind.part;
    const Grammar::Rule& rule = grammar_.rules()[*part.rule];
    for (std::size_t i = 0; i < rule.alternatives.size(); ++i) {
      follow({.rule = *part.rule,
              .alternative = i,
              .back = numbered(behind),
              .capital = place.capital || part.capital},
             probability * rule.alternatives[i].weight / rule.total, next);
    }
    return;
  }
  const char c = part.text[place.character];
  if (++behind.character == part.text.size()) {
    ++behind.part;
    behind.character = 0;
  }
  move_to(numbered(behind), probability,
          next[place.capital ? static_cast<char>(std::toupper(c)) : c]);
}

void PrefixGraph::move_to(std::uint32_t number, double probability, Belief& belief) {
  const auto [at, is_new] = belief.emplace(number, probability);
  if (is_new) return;
  at->second += probability;
  ambiguous_ = true;
}

std::uint32_t PrefixGraph::visit(Belief belief) {
  double sum = 0;
  for (const auto& [place, share] : belief) sum += share;
  for (auto& [place, share] : belief) share /= sum;
  if (const auto found = seen_.find(belief); found != seen_.end()) return found->second;
  std::map<char, Belief> next;
  for (const auto& [number, share] : belief) {
    if (number == kNewline) {
      move_to(kFinished, share, next['\n']);
    } else {
      follow(Place(places_[number]), share, next);
    }
  }
  std::vector<Edge> edges;
  for (const auto& [character, behind] : next) {
    double probability = 0;
    for (const auto& [place, share] : behind) probability += share;
    if (next.size() == 1) probability = 1;  // without what rounding has left
    edges.push_back({character, probability, visit(behind)});
  }
  nodes_.push_back(summed(std::move(edges)));
  return seen_[belief] = static_cast<std::uint32_t>(nodes_.size() - 1);
}

PrefixGraph::Node PrefixGraph::summed(std::vector<Edge> next) const {
  Node node;
  for (const Edge& edge : next) {
    const Node& rest = nodes_[edge.to];
    const double nats = -std::log(edge.probability);
    node.total += edge.probability * rest.total;
    node.nats += edge.probability * (nats + rest.nats);
    node.squared_nats +=
        edge.probability * (nats * nats + 2 * nats * rest.nats + rest.squared_nats);
    node.characters += edge.probability * (1 + rest.characters);
    node.texts += rest.texts;
    node.longest = std::max(node.longest, 1 + rest.longest);
  }
  node.next = std::move(next);
  return node;
}

}  // namespace millrace::providers
