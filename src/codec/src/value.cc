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
    return std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        const Value* found = other.find(entry.first);
        return found != nullptr && *found == entry.second;
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
