// A producer's conversations with all ranks (producer_links.h).
#include "queue/protocol/producer_links.h"

#include <algorithm>

namespace millrace::queue {

ProducerLinks::ProducerLinks(proto::Hello self, const std::string& rank_zero)
    : self_(std::move(self)) {
  add(rank_zero);
}

void ProducerLinks::add(const std::string& address) {
  links_.push_back({links_made_++, address, ProducerSession(self_)});
}

ProducerLinks::Link* ProducerLinks::find(const std::string& address) {
  const auto link = std::ranges::find(links_, address, &Link::address);
  return link == links_.end() ? nullptr : &*link;
}

ProducerLinks::Link* ProducerLinks::find(std::uint32_t number) {
  const auto link = std::ranges::find(links_, number, &Link::number);
  return link == links_.end() ? nullptr : &*link;
}

void ProducerLinks::receive(const std::string& address, proto::Message message, Time now) {
  if (Link* link = find(address)) link->session.receive(std::move(message), now);
}

void ProducerLinks::unreachable(const std::string& address) {
  if (Link* link = find(address)) link->session.unreachable();
}

void ProducerLinks::tick(Time now) {
  follow_ranks();
  for (Link& link : links_) link.session.tick(now);
}

void ProducerLinks::follow_ranks() {
  if (!welcomed()) return;
  const std::vector<std::string> ranks = links_.front().session.ranks();
  const auto is_gone = [&](const Link& link) {
    return std::ranges::find(ranks, link.address) == ranks.end();
  };
  links_.erase(std::remove_if(links_.begin() + 1, links_.end(), is_gone), links_.end());
  for (const std::string& address : ranks) {
    if (find(address) == nullptr) add(address);
  }
}

std::vector<ProducerLinks::Outgoing> ProducerLinks::take_outgoing() {
  std::vector<Outgoing> outgoing;
  for (Link& link : links_) {
    for (proto::Message& message : link.session.take_outgoing()) {
      outgoing.push_back({link.address, std::move(message)});
    }
  }
  return outgoing;
}

std::vector<LeasedRange> ProducerLinks::take_leased() {
  std::vector<LeasedRange> leased;
  for (Link& link : links_) {
    for (const proto::Lease& lease : link.session.take_leases()) {
      leased.push_back({lease.number, lease.range, link.number});
    }
  }
  return leased;
}

bool ProducerLinks::holds(const LeasedRange& leased) const {
  const auto link = std::ranges::find(links_, leased.link, &Link::number);
  return link != links_.end() && link->session.holds(leased.lease);
}

std::optional<ProducerLinks::Destination> ProducerLinks::finish(const LeasedRange& leased,
                                                                Time now) {
  Link* link = find(leased.link);
  if (link == nullptr) return std::nullopt;
  const auto held = link->session.finish(leased.lease, now);
  if (!held) return std::nullopt;
  return Destination{link->address, *held};
}

std::vector<std::string> ProducerLinks::addresses() const {
  std::vector<std::string> addresses;
  for (const Link& link : links_) addresses.push_back(link.address);
  return addresses;
}

std::size_t ProducerLinks::open_leases() const {
  std::size_t open = 0;
  for (const Link& link : links_) open += link.session.open_leases();
  return open;
}

std::optional<std::string> ProducerLinks::refusal() const {
  for (const Link& link : links_) {
    if (link.session.refusal()) {
      return "the trainer at " + link.address + " refused this stream: " + *link.session.refusal();
    }
  }
  return std::nullopt;
}

}  // namespace millrace::queue
