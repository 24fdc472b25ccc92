// A table of contents: entries of one kind by name, such as all objectives. The built-in ones are
// listed in one file (an object that registers itself would silently vanish from a static library);
// a program may add its own at run time.
#pragma once

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/errors.h"

namespace millrace::trainer {

/// `Entry` has a member `name`.
template <class Entry>
class Registry {
 public:
  /// `key`: the recipe key or flag whose value is an entry's name, for messages.
  Registry(std::string key, std::vector<Entry> entries) : key_(std::move(key)) {
    for (Entry& entry : entries) add(std::move(entry));
  }

  /// Adds an entry; those that were there stay where they are. Not to be called while another
  /// thread uses the registry. Throws std::invalid_argument for a name that is taken.
  void add(Entry entry) {
    if (find(entry.name) != nullptr) {
      throw std::invalid_argument(key_ + " = \"" + entry.name + "\" is registered twice");
    }
    entries_.push_back(std::move(entry));
  }

  /// The entry of this name. Throws config::UsageError for an unknown one, listing all known.
  [[nodiscard]] const Entry& at(const std::string& name) const {
    if (const Entry* const found = find(name)) return *found;
    throw config::UsageError(key_ + " = \"" + name +
                             "\" is unknown; known: " + base::joined(names()));
  }

  /// All entries, in the order in which they were added.
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }

  /// All names, in alphabetical order.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Entry& entry : entries_) all.push_back(entry.name);
    std::ranges::sort(all);
    return all;
  }

 private:
  /// Null where there is none.
  [[nodiscard]] const Entry* find(const std::string& name) const {
    const auto found = std::ranges::find(entries_, name, &Entry::name);
    return found == entries_.end() ? nullptr : &*found;
  }

  std::string key_;
  std::deque<Entry> entries_;  // which keeps references valid when it grows
};

}  // namespace millrace::trainer
