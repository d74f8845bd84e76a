#include "expr/access.h"
#include "expr/compare.h"
#include "expr/function.h"
#include "expr/text.h"

#include <algorithm>
#include <array>

namespace qd::automation::expr {
namespace {

Result<Value> length(const Arguments& a) {
    if (const auto* list = a[0].if_array()) {
        return Value(static_cast<std::int64_t>(list->size()));
    }
    if (const auto* text = a[0].if_string()) {
        return Value(static_cast<std::int64_t>(utf16_length(*text)));
    }
    return a.wrong(0, "an array or a string");
}

Result<Value> contains(const Arguments& a) {
    if (const auto* text = a[0].if_string()) {
        QD_TRY(const std::string part, stringify(a[1]));
        return Value(text->find(part) != std::string::npos);
    }
    if (const auto* list = a[0].if_array()) {
        return Value(std::any_of(list->begin(), list->end(),
                                 [&](const Value& v) { return same_value(v, a[1]); }));
    }
    if (const auto* object = a[0].if_object()) {
        QD_TRY(const std::string_view key, a.string(1));
        return Value(find_property(*object, key) != nullptr);
    }
    return a.wrong(0, "an object, an array or a string");
}

Result<Value> empty(const Arguments& a) {
    if (a[0].is_null()) {
        return Value(true);
    }
    if (const auto* text = a[0].if_string()) {
        return Value(text->empty());
    }
    if (const auto* list = a[0].if_array()) {
        return Value(list->empty());
    }
    if (const auto* object = a[0].if_object()) {
        return Value(object->empty());
    }
    return a.wrong(0, "an object, an array or a string");
}

/// The part [from, to) of an array or a string, after clamping.
Value part_of(const Value& whole, std::size_t from, std::size_t to) {
    if (const auto* list = whole.if_array()) {
        const std::size_t end = std::min(to, list->size());
        const std::size_t begin = std::min(from, end);
        return Value(Array(list->begin() + static_cast<std::ptrdiff_t>(begin),
                           list->begin() + static_cast<std::ptrdiff_t>(end)));
    }
    const std::u16string units = to_utf16(whole.string_or({}));
    const std::size_t end = std::min(to, units.size());
    const std::size_t begin = std::min(from, end);
    return Value(to_utf8(std::u16string_view(units).substr(begin, end - begin)));
}

bool is_sequence(const Value& value) {
    return value.if_array() != nullptr || value.if_string() != nullptr;
}

Result<Value> first(const Arguments& a) {
    if (!is_sequence(a[0])) {
        return a.wrong(0, "an array or a string");
    }
    if (const auto* list = a[0].if_array()) {
        return list->empty() ? Value() : list->front();
    }
    return part_of(a[0], 0, 1);
}

Result<Value> last(const Arguments& a) {
    if (const auto* list = a[0].if_array()) {
        return list->empty() ? Value() : list->back();
    }
    if (const auto* text = a[0].if_string()) {
        const std::size_t size = utf16_length(*text);
        return part_of(a[0], size == 0 ? 0 : size - 1, size);
    }
    return a.wrong(0, "an array or a string");
}

constexpr std::size_t kToTheEnd = static_cast<std::size_t>(-1);

Result<std::size_t> count_argument(const Arguments& a) {
    if (!is_sequence(a[0])) {
        return a.wrong(0, "an array or a string");
    }
    QD_TRY(const std::int64_t n, a.integer(1));
    if (n < 0) {
        return a.wrong(1, "a positive integer");
    }
    return static_cast<std::size_t>(n);
}

Result<Value> take(const Arguments& a) {
    QD_TRY(const std::size_t n, count_argument(a));
    return part_of(a[0], 0, n);
}

Result<Value> skip(const Arguments& a) {
    QD_TRY(const std::size_t n, count_argument(a));
    return part_of(a[0], n, kToTheEnd);
}

Result<Value> chunk(const Arguments& a) {
    QD_TRY(const std::size_t n, count_argument(a));
    if (n == 0) {
        return a.wrong(1, "a positive integer");
    }
    const std::size_t size =
        a[0].if_array() != nullptr ? a[0].if_array()->size() : utf16_length(a[0].string_or({}));
    Array out;
    for (std::size_t from = 0; from < size; from += n) {
        out.push_back(part_of(a[0], from, from + n));
    }
    return Value(std::move(out));
}

Result<Value> join(const Arguments& a) {
    QD_TRY(const auto* list, a.array(0));
    QD_TRY(const std::string_view separator, a.string(1));
    std::string out;
    for (std::size_t i = 0; i < list->size(); ++i) {
        if (i > 0) {
            out += separator;
        }
        QD_CHECK_OK(append_text(out, (*list)[i]));
    }
    return Value(std::move(out));
}

bool among(const Array& list, const Value& value) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Value& v) { return same_value(v, value); });
}

/// A hash would do better than among(), but sets of a workflow are small and must be compared as
/// the language compares; the bound keeps the square harmless.
constexpr std::size_t kSetMax = 20'000;

Result<Value> union_of(const Arguments& a) {
    if (a[0].if_array() != nullptr) {
        Array out;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const auto* list = a[i].if_array();
            if (list == nullptr) {
                return a.invalid("expects parameters of same type");
            }
            for (const Value& value : *list) {
                if (!among(out, value)) {
                    out.push_back(value);
                }
            }
            if (out.size() > kSetMax) {
                return a.invalid("the set has more than 20000 elements");
            }
        }
        return Value(std::move(out));
    }
    if (a[0].if_object() == nullptr) {
        return a.wrong(0, "an object or an array");
    }
    Object out;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto* object = a[i].if_object();
        if (object == nullptr) {
            return a.invalid("expects parameters of same type");
        }
        for (const auto& [key, value] : *object) {
            out.set(key, value);
        }
    }
    return Value(std::move(out));
}

Result<Value> intersection(const Arguments& a) {
    if (a[0].if_array() != nullptr) {
        Array out;
        for (const Value& value : *a[0].if_array()) {
            bool everywhere = !among(out, value);
            for (std::size_t i = 1; i < a.size() && everywhere; ++i) {
                const auto* list = a[i].if_array();
                if (list == nullptr) {
                    return a.invalid("expects parameters of same type");
                }
                if (list->size() > kSetMax) {
                    return a.invalid("the set has more than 20000 elements");
                }
                everywhere = among(*list, value);
            }
            if (everywhere) {
                out.push_back(value);
            }
        }
        return Value(std::move(out));
    }
    QD_TRY(const auto* base, a.object(0));
    Object out;
    for (const auto& [key, value] : *base) {
        bool everywhere = true;
        for (std::size_t i = 1; i < a.size() && everywhere; ++i) {
            const auto* object = a[i].if_object();
            if (object == nullptr) {
                return a.invalid("expects parameters of same type");
            }
            const Value* other = object->find(key);
            everywhere = other != nullptr && same_value(*other, value);
        }
        if (everywhere) {
            out.set(key, value);
        }
    }
    return Value(std::move(out));
}

Result<Value> sort(const Arguments& a) {
    QD_TRY(const auto* list, a.array(0));
    QD_TRY(const auto by, a.optional_string(1));
    struct Entry {
        Value key;
        const Value* value;
        std::size_t number;  // equal keys keep their order
    };
    std::vector<Entry> entries;
    for (const Value& value : *list) {
        Entry entry{value, &value, entries.size()};
        if (by.has_value()) {
            QD_TRY(const Value* key, access(value, Value(*by), true));
            entry.key = key != nullptr ? *key : Value();
        }
        if (!entries.empty() && !order(entries.front().key, entry.key).has_value()) {
            return a.invalid("the elements cannot be compared with each other");
        }
        entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) {
        const int o = order(x.key, y.key).value_or(0);
        return o != 0 ? o < 0 : x.number < y.number;
    });
    Array out;
    for (const Entry& entry : entries) {
        out.push_back(*entry.value);
    }
    return Value(std::move(out));
}

Result<Value> reverse(const Arguments& a) {
    const auto* list = a[0].if_array();
    if (list == nullptr) {
        return a.wrong(0, "of type array");
    }
    return Value(Array(list->rbegin(), list->rend()));
}

constexpr std::array kFunctions = {
    Function{"length", 1, 1, length},
    Function{"contains", 2, 2, contains},
    Function{"empty", 1, 1, empty},
    Function{"first", 1, 1, first},
    Function{"last", 1, 1, last},
    Function{"take", 2, 2, take},
    Function{"skip", 2, 2, skip},
    Function{"chunk", 2, 2, chunk},
    Function{"join", 2, 2, join},
    Function{"union", 1, kAnyNumber, union_of},
    Function{"intersection", 1, kAnyNumber, intersection},
    Function{"sort", 1, 2, sort},
    Function{"reverse", 1, 1, reverse},
};

}  // namespace

std::span<const Function> collection_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
