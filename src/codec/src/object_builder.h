#pragma once

#include "qd/codec/value.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace qd::codec::internal {

/// Collects the properties of an object that comes from outside: the last value of a key wins at
/// the place of the first. Small objects are searched in line, large ones through an index, so
/// that an object of a million keys does not cost a million squared comparisons.
class ObjectBuilder {
  public:
    struct Added {
        std::size_t index = 0;
        bool replaced = false;
    };

    Added add(std::string key, Value value) {
        if (const auto found = find(key)) {
            (object_.begin() + static_cast<std::ptrdiff_t>(*found))->second = std::move(value);
            return {*found, true};
        }
        const std::size_t index = object_.size();
        if (index >= kIndexedFrom) {
            if (index_.empty()) {
                for (const auto& [name, unused] : object_) {
                    index_.emplace(name, index_.size());
                }
            }
            index_.emplace(key, index);
        }
        object_.append(std::move(key), std::move(value));
        return {index, false};
    }

    Object take() { return std::move(object_); }

  private:
    static constexpr std::size_t kIndexedFrom = 32;

    std::optional<std::size_t> find(const std::string& key) const {
        if (!index_.empty()) {
            const auto found = index_.find(key);
            return found == index_.end() ? std::nullopt : std::optional(found->second);
        }
        std::size_t index = 0;
        for (const auto& [name, unused] : object_) {
            if (name == key) {
                return index;
            }
            ++index;
        }
        return std::nullopt;
    }

    Object object_;
    std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace qd::codec::internal
