// Forward–backward over the nodes of a PrefixGraph.
#include "tests/providers/grammar/masked_nats.h"

#include <cmath>
#include <map>

namespace millrace::providers {
namespace {

/// By node; only ratios count.
using Message = std::map<std::uint32_t, double>;

constexpr double kLeast = 1e-12;  // shares below it are left out

class ForwardBackward {
 public:
  ForwardBackward(const PrefixGraph& graph, std::span<const Shown> window,
                  const DefaultMasking& masking)
      : graph_(graph), window_(window), masking_(masking) {
    before_.push_back({{graph.start(), 1.0}});
    for (const Shown& each : window) before_.push_back(stepped(before_.back(), each));
  }

  std::vector<double> nats() const {
    std::vector<double> all;
    Message after;
    for (const auto& [node, share] : before_.back()) after[node] = 1;
    for (std::size_t i = window_.size(); i-- > 0;) {
      if (window_[i].selected) all.push_back(surprise(i, after));
      after = stepped_back(i, after);
    }
    return {all.rbegin(), all.rend()};
  }

 private:
  /// Behind a newline the next line starts.
  [[nodiscard]] std::uint32_t behind(const PrefixGraph::Edge& edge) const {
    return edge.to == PrefixGraph::kEnd ? graph_.start() : edge.to;
  }

  [[nodiscard]] Message stepped(const Message& before, const Shown& each) const {
    Message next;
    double sum = 0;
    for (const auto& [node, share] : before) {
      for (const PrefixGraph::Edge& edge : graph_.nodes()[node].next) {
        const double p = share * edge.probability * masking_.of_any(each.shown, edge.character);
        next[behind(edge)] += p;
        sum += p;
      }
    }
    std::erase_if(next, [&](const auto& entry) { return entry.second < kLeast * sum; });
    for (auto& [node, share] : next) share /= sum;
    return next;
  }

  /// Likelihood of what is shown from position i on, by the nodes that may lie before it.
  [[nodiscard]] Message stepped_back(std::size_t i, const Message& after) const {
    Message message;
    double sum = 0;
    for (const auto& [node, share] : before_[i]) {
      double& likelihood = message[node];
      for (const PrefixGraph::Edge& edge : graph_.nodes()[node].next) {
        const auto next = after.find(behind(edge));
        if (next == after.end()) continue;
        likelihood +=
            edge.probability * masking_.of_any(window_[i].shown, edge.character) * next->second;
      }
      sum += likelihood;
    }
    for (auto& [node, likelihood] : message) likelihood /= sum;
    return message;
  }

  [[nodiscard]] double surprise(std::size_t i, const Message& after) const {
    double all = 0;
    double right = 0;
    for (const auto& [node, share] : before_[i]) {
      for (const PrefixGraph::Edge& edge : graph_.nodes()[node].next) {
        const auto next = after.find(behind(edge));
        if (next == after.end()) continue;
        const double p = share * edge.probability * next->second *
                         masking_.of_selected(window_[i].shown, edge.character);
        all += p;
        if (edge.character == window_[i].original) right += p;
      }
    }
    return -std::log(right / all);
  }

  const PrefixGraph& graph_;
  std::span<const Shown> window_;
  const DefaultMasking& masking_;
  std::vector<Message> before_;  ///< by position: shares of the nodes in front of it
};

}  // namespace

double DefaultMasking::of_selected(std::optional<char> shown, char original) const {
  if (!shown) return 0.8;
  return 0.1 / characters + (*shown == original ? 0.1 : 0);
}

double DefaultMasking::of_any(std::optional<char> shown, char original) const {
  return probability * of_selected(shown, original) + (shown == original ? 1 - probability : 0);
}

std::vector<double> masked_nats(const PrefixGraph& graph, std::span<const Shown> window,
                                const DefaultMasking& masking) {
  return ForwardBackward(graph, window, masking).nats();
}

}  // namespace millrace::providers
