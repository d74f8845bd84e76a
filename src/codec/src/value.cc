#include "qd/codec/value.h"

#include <algorithm>

namespace qd {

const Value* Object::find(std::string_view key) const {
    for (const Entry& entry : entries_) {
        if (entry.first == key) {
            return &entry.second;
        }
    }
    return nullptr;
}

Value* Object::find(std::string_view key) {
    for (Entry& entry : entries_) {
        if (entry.first == key) {
            return &entry.second;
        }
    }
    return nullptr;
}

Value& Object::set(std::string key, Value value) {
    if (Value* found = find(key)) {
        *found = std::move(value);
        return *found;
    }
    return append(std::move(key), std::move(value));
}

Value& Object::append(std::string key, Value value) {
    entries_.emplace_back(std::move(key), std::move(value));
    return entries_.back().second;
}

bool Object::erase(std::string_view key) {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.first == key; });
    if (found == entries_.end()) {
        return false;
    }
    entries_.erase(found);
    return true;
}

bool Object::operator==(const Object& other) const {
    if (size() != other.size()) {
        return false;
    }
    // Mostly the order is the same: compare side by side as long as it lasts.
    const auto [first, second] =
        std::mismatch(entries_.begin(), entries_.end(), other.entries_.begin(),
                      [](const Entry& a, const Entry& b) { return a.first == b.first; });
    for (auto a = entries_.begin(), b = other.entries_.begin(); a != first; ++a, ++b) {
        if (!(a->second == b->second)) {
            return false;
        }
    }
    // Sorting the rest keeps large objects from costing a squared number of comparisons.
    const auto by_key = [](const Entry* a, const Entry* b) { return a->first < b->first; };
    const auto sorted = [&](auto from, auto to) {
        std::vector<const Entry*> pointers;
        for (; from != to; ++from) {
            pointers.push_back(&*from);
        }
        std::sort(pointers.begin(), pointers.end(), by_key);
        return pointers;
    };
    const auto left = sorted(first, entries_.end());
    const auto right = sorted(second, other.entries_.end());
    return std::equal(left.begin(), left.end(), right.begin(), [](const Entry* a, const Entry* b) {
        return a->first == b->first && a->second == b->second;
    });
}

const Value* Value::get(std::string_view key) const {
    const Object* object = if_object();
    return object == nullptr ? nullptr : object->find(key);
}

const Value* Value::at(std::initializer_list<std::string_view> path) const {
    const Value* at = this;
    for (const std::string_view key : path) {
        at = at->get(key);
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at;
}

std::string_view Value::string_or(std::string_view otherwise) const {
    const std::string* text = if_string();
    return text == nullptr ? otherwise : std::string_view(*text);
}

std::int64_t Value::int_or(std::int64_t otherwise) const {
    const std::int64_t* number = if_int();
    return number == nullptr ? otherwise : *number;
}

double Value::number_or(double otherwise) const {
    if (const std::int64_t* number = if_int()) {
        return static_cast<double>(*number);
    }
    const double* number = if_double();
    return number == nullptr ? otherwise : *number;
}

bool Value::bool_or(bool otherwise) const {
    const bool* flag = if_bool();
    return flag == nullptr ? otherwise : *flag;
}

bool Value::operator==(const Value& other) const {
    if (data_.index() == other.data_.index()) {
        return data_ == other.data_;
    }
    const bool numbers = (if_int() || if_double()) && (other.if_int() || other.if_double());
    return numbers && number_or(0) == other.number_or(0);
}

}  // namespace qd
