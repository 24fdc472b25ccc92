// A producer's conversations with all ranks (producer_links.h).
#include "queue/protocol/producer_links.h"

#include <algorithm>
#include <chrono>

namespace millrace::queue {
namespace {

/// Before a rank that refused this producer, or could not be understood, is spoken to again.
constexpr std::chrono::seconds kPause{30};
/// Sentences in all: who makes them up must not fill the log.
constexpr std::size_t kMaxReports = 64;

}  // namespace

ProducerLinks::ProducerLinks(proto::Hello self, const std::string& rank_zero,
                             AddressError address_error)
    : self_(std::move(self)), address_error_(std::move(address_error)) {
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

void ProducerLinks::useless(const std::string& address, const std::string& reason, Time now) {
  Link* link = find(address);
  if (link == nullptr) return;
  if (link == &links_.front()) {
    refusal_ = reason;
    return;
  }
  report_once(reason + "; this producer goes on with the run's other ranks");
  link->session = ProducerSession(self_);
  link->paused_until = now + kPause;
}

void ProducerLinks::tick(Time now) {
  look_for_refusals(now);
  follow_ranks();
  for (Link& link : links_) {
    if (link.paused_until && now < *link.paused_until) continue;
    link.paused_until.reset();
    link.session.tick(now);
  }
}

void ProducerLinks::look_for_refusals(Time now) {
  for (const Link& link : links_) {
    if (!link.session.refusal()) continue;
    const std::string address = link.address;
    useless(address,
            "the trainer at " + address + " refused this stream: " + *link.session.refusal(), now);
  }
}

void ProducerLinks::report_once(const std::string& sentence) {
  if (reported_.size() < kMaxReports && reported_.insert(sentence).second) {
    reports_.push_back(sentence + " (said once)");
  }
}

void ProducerLinks::follow_ranks() {
  if (!welcomed()) return;
  if (named_ != links_.front().session.ranks()) {
    named_ = links_.front().session.ranks();
    allowed_ = named_;
    std::erase_if(allowed_, [&](const std::string& address) {
      const std::string error = address_error_ ? address_error_(address) : "";
      if (!error.empty()) report_once(error);
      return !error.empty();
    });
  }
  const auto is_gone = [&](const Link& link) {
    return std::ranges::find(allowed_, link.address) == allowed_.end();
  };
  links_.erase(std::remove_if(links_.begin() + 1, links_.end(), is_gone), links_.end());
  for (const std::string& address : allowed_) {
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
  for (const Link& link : links_) {
    if (!link.paused_until) addresses.push_back(link.address);
  }
  return addresses;
}

std::size_t ProducerLinks::open_leases() const {
  std::size_t open = 0;
  for (const Link& link : links_) open += link.session.open_leases();
  return open;
}

}  // namespace millrace::queue
