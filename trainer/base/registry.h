// A table of contents: entries of one kind by name, such as all objectives. The built-in ones are
// listed in one file (an object that registers itself would silently vanish from a static library);
// a program may add its own at run time.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/errors.h"
#include "proto/text.h"

namespace millrace::trainer {

/// `Entry` has a member `name`.
template <class Entry>
class Registry {
 public:
  /// `key`: the recipe key whose value is an entry's name, for messages.
  Registry(std::string key, std::vector<Entry> entries) : key_(std::move(key)) {
    for (Entry& entry : entries) add(std::move(entry));
  }

  /// Adds an entry; those that were there stay where they are. Not to be called while another
  /// thread uses the registry. Throws std::invalid_argument for a name that is taken.
  void add(Entry entry) {
    const std::string name = entry.name;
    if (!entries_.emplace(name, std::move(entry)).second) {
      throw std::invalid_argument(key_ + " = \"" + name + "\" is registered twice");
    }
  }

  /// The entry of this name. Throws config::UsageError for an unknown one, listing all known.
  [[nodiscard]] const Entry& at(const std::string& name) const {
    if (const auto found = entries_.find(name); found != entries_.end()) return found->second;
    throw config::UsageError(key_ + " = \"" + name +
                             "\" is unknown; known: " + proto::joined(names()));
  }

  /// All names, in alphabetical order.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
  }

 private:
  std::string key_;
  std::map<std::string, Entry> entries_;
};

}  // namespace millrace::trainer
