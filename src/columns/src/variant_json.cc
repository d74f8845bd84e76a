// JSON text to variant bytes without a tree in between.
//
// simdjson's document is walked once and written out depth first. Whatever it refuses (integers
// beyond 64 bits, numbers beyond double, nesting past its limit, text that is not JSON at all)
// goes to codec::parse_json, which decides: so there is one definition of what JSON is, and the
// fast path only has to agree where it succeeds. variant_test compares the two on random texts.
#include "qd/codec/json.h"
#include "qd/columns/variant.h"
#include "variant_tags.h"

#include <simdjson.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace qd::columns {

namespace {

using internal::Tag;
using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kDepthMax = 512;             // codec::JsonLimits::depth_max
constexpr std::size_t kQuadraticMax = 16;          // keys compared pairwise up to here
constexpr std::size_t kScratchMaxBytes = 1 << 20;  // longer texts do not grow a thread's scratch

using Fields = std::vector<std::pair<std::string_view, element>>;

// The last value of a key wins, at the place of the first.
void append_field(Fields& fields, std::unordered_map<std::string_view, std::size_t>& index,
                  std::string_view key, element value) {
    if (fields.size() <= kQuadraticMax) {
        for (auto& field : fields) {
            if (field.first == key) {
                field.second = value;
                return;
            }
        }
    } else {
        if (index.empty()) {
            for (std::size_t i = 0; i < fields.size(); ++i) {
                index.emplace(fields[i].first, i);
            }
        }
        const auto [at, fresh] = index.emplace(key, fields.size());
        if (!fresh) {
            fields[at->second].second = value;
            return;
        }
    }
    fields.emplace_back(key, value);
}

// False when a part needs the exact parser.
bool append_element(std::string& out, element node);

bool append_array(std::string& out, simdjson::dom::array array) {
    std::size_t count = 0;
    for (auto it = array.begin(); it != array.end(); ++it) {
        ++count;
    }
    internal::ContainerWriter writer(out, Tag::Array, count);
    for (const element child : array) {
        writer.element();
        if (!append_element(out, child)) {
            return false;
        }
    }
    writer.finish();
    return true;
}

bool append_object(std::string& out, simdjson::dom::object object) {
    Fields fields;
    std::unordered_map<std::string_view, std::size_t> index;
    for (const auto field : object) {
        append_field(fields, index, field.key, field.value);
    }
    internal::ContainerWriter writer(out, Tag::Object, fields.size());
    for (const auto& [key, child] : fields) {
        writer.key(key);
        if (!append_element(out, child)) {
            return false;
        }
    }
    writer.finish();
    return true;
}

bool append_element(std::string& out, element node) {
    switch (node.type()) {
        case element_type::NULL_VALUE:
            internal::append_tag(out, Tag::Null);
            return true;
        case element_type::BOOL: {
            bool v = false;
            const bool ok = node.get(v) == simdjson::SUCCESS;
            internal::append_tag(out, v ? Tag::True : Tag::False);
            return ok;
        }
        case element_type::INT64: {
            std::int64_t v = 0;
            const bool ok = node.get(v) == simdjson::SUCCESS;
            internal::append_i64(out, Tag::Long, v);
            return ok;
        }
        case element_type::UINT64:
            return false;
        case element_type::DOUBLE: {
            double v = 0;
            const bool ok = node.get(v) == simdjson::SUCCESS;
            internal::append_f64(out, v);
            return ok;
        }
        case element_type::STRING: {
            std::string_view v;
            const bool ok = node.get(v) == simdjson::SUCCESS;
            internal::append_text(out, Tag::String, v);
            return ok;
        }
        case element_type::ARRAY: {
            simdjson::dom::array array;
            return node.get(array) == simdjson::SUCCESS && append_array(out, array);
        }
        case element_type::OBJECT: {
            simdjson::dom::object object;
            return node.get(object) == simdjson::SUCCESS && append_object(out, object);
        }
    }
    return false;
}

// simdjson rounds numbers too small for a double to zero, the tree parser keeps their text. Only an
// exponent of three digits or more (or hundreds of digits, which nobody writes) gets there.
bool may_underflow(std::string_view json) {
    std::size_t at = 0;
    while ((at = json.find('-', at)) != std::string_view::npos) {
        const bool exponent = at > 0 && (json[at - 1] == 'e' || json[at - 1] == 'E');
        ++at;
        const std::string_view digits = json.substr(at, 3);
        if (exponent && digits.size() == 3 &&
            digits.find_first_not_of("0123456789") == std::string_view::npos) {
            return true;
        }
    }
    return false;
}

// False when the exact parser has to decide.
bool append_parsed(std::string& out, simdjson::dom::parser& parser, std::string_view json) {
    if (parser.max_depth() != kDepthMax &&
        parser.allocate(json.size() + 4096, kDepthMax) != simdjson::SUCCESS) {
        return false;
    }
    element root;
    if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) {
        return false;
    }
    if (may_underflow(json)) {
        return false;
    }
    out.reserve(json.size() + 16);
    return append_element(out, root);
}

// Text that its first bytes, or being a lone word or number, show not to be JSON: the lines of a
// log are offered as dynamic values too, and two parsers need not look at each.
bool cannot_be_json(std::string_view json) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = json.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) {
        return true;
    }
    json = json.substr(begin, json.find_last_not_of(kBlank) + 1 - begin);
    switch (json.front()) {
        case '{':
        case '[':
        case '"':
            return false;
        case 't':
            return json != "true";
        case 'f':
            return json != "false";
        case 'n':
            return json != "null";
        default:
            return json.find_first_not_of("0123456789+-.eE") != std::string_view::npos;
    }
}

}  // namespace

std::optional<std::string> variant_from_json(std::string_view json) {
    if (cannot_be_json(json)) {
        return std::nullopt;
    }
    std::string out;
    bool done = false;
    if (json.size() <= kScratchMaxBytes) {
        // Scratch memory of the parser, one a thread: allocating it anew would cost more than
        // parsing a short text.
        thread_local simdjson::dom::parser parser;
        done = append_parsed(out, parser, json);
    } else {
        simdjson::dom::parser parser;
        done = append_parsed(out, parser, json);
    }
    if (done) {
        return out;
    }
    out.clear();
    auto value = codec::parse_json(json);
    if (!value.ok()) {
        return std::nullopt;
    }
    append_variant(out, value.value());
    return out;
}

}  // namespace qd::columns
