// libyaml reads the text as events (ten times the speed and a hundredth of the memory of a
// document library); this file makes values of them by Kubernetes' rules.
//
// A document is first a flat list of nodes in which an alias is a reference, then a value in which
// it is a copy. Between the two steps lie the guards: a nine-line alias bomb is a small list of
// nodes, and the second step counts what it makes (nodes, depth, copied text) and stops at the
// limits, so time and memory stay bounded whatever the text.
//
// `<<` is applied in document order as Go's yaml.v2 does it: merged keys replace explicit ones
// written before, explicit keys written after win, and in a list the earlier mapping wins.
// Source: YAML 1.1; yaml.v2 decode.go. Linear in the size of the expanded document.
#include "qd/codec/yaml.h"

#include "object_builder.h"
#include "yaml_scalar.h"

#include <yaml.h>

#include <algorithm>
#include <string>
#include <unordered_map>

namespace qd::codec {
namespace {

using internal::key_text;
using internal::ObjectBuilder;
using internal::resolve_plain_scalar;
using internal::resolve_tagged_scalar;

constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";
constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";

YamlPosition position_of(const yaml_mark_t& mark) {
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

Error yaml_error(YamlPosition at, std::string_view what, std::string_view id = "COD0011") {
    return Error(Code::InvalidArgument, id,
                 "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) +
                     ": " + std::string(what));
}

Error limit_error(YamlPosition at, std::string_view what, std::size_t limit) {
    return yaml_error(at, std::string(what) + ": limit " + std::to_string(limit), "COD0012");
}

std::string to_text(const yaml_char_t* text) {
    return text == nullptr ? std::string()
                           : std::string(static_cast<const char*>(static_cast<const void*>(text)));
}

class Parser {
  public:
    explicit Parser(std::string_view text) : good_(yaml_parser_initialize(&parser_) == 1) {
        if (good_) {
            const void* bytes = text.empty() ? "" : text.data();
            yaml_parser_set_input_string(&parser_, static_cast<const unsigned char*>(bytes),
                                         text.size());
        }
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() {
        if (good_) {
            yaml_parser_delete(&parser_);
        }
    }

    /// The caller deletes the event.
    Status next(yaml_event_t& event) {
        if (good_ && yaml_parser_parse(&parser_, &event) == 1) {
            return ok_status();
        }
        const char* problem =
            good_ && parser_.problem != nullptr ? parser_.problem : "not enough memory";
        if (good_ && parser_.error == YAML_READER_ERROR) {
            // No mark there, only where the reader stood; the scanner's place is close before it.
            return yaml_error(
                position_of(parser_.mark),
                std::string(problem) + ", byte offset " + std::to_string(parser_.problem_offset));
        }
        return yaml_error(position_of(good_ ? parser_.problem_mark : yaml_mark_t{}), problem);
    }

  private:
    yaml_parser_t parser_{};
    bool good_;
};

/// Deletes the event at the end of its scope.
struct EventGuard {
    yaml_event_t* event;
    EventGuard(const EventGuard&) = delete;
    EventGuard& operator=(const EventGuard&) = delete;
    explicit EventGuard(yaml_event_t* e) : event(e) {}
    ~EventGuard() { yaml_event_delete(event); }
};

enum class Kind : std::uint8_t { Scalar, Sequence, Mapping, Alias };

struct Node {
    Kind kind = Kind::Scalar;
    bool plain = false;  // a scalar to be resolved by its looks
    bool open = false;   // a collection whose end has not come
    YamlPosition at;
    std::uint32_t target = 0;  // of an alias
    std::string text;
    std::string tag;
    std::vector<std::uint32_t> children;  // of a mapping: key, value, key, value
};

/// Step one: the nodes of one document; the root is node 0.
class Composer {
  public:
    Composer(Parser& parser, const YamlLimits& limits) : parser_(parser), limits_(limits) {}

    Result<std::vector<Node>> run() {
        for (;;) {
            yaml_event_t event{};
            QD_CHECK_OK(parser_.next(event));
            const EventGuard guard(&event);
            switch (event.type) {
                case YAML_DOCUMENT_END_EVENT:
                    return std::move(nodes_);
                case YAML_SEQUENCE_END_EVENT:
                case YAML_MAPPING_END_EVENT:
                    nodes_[path_.back()].open = false;
                    path_.pop_back();
                    break;
                case YAML_ALIAS_EVENT:
                case YAML_SCALAR_EVENT:
                case YAML_SEQUENCE_START_EVENT:
                case YAML_MAPPING_START_EVENT:
                    QD_CHECK_OK(add(event));
                    break;
                case YAML_NO_EVENT:
                case YAML_STREAM_START_EVENT:
                case YAML_STREAM_END_EVENT:
                case YAML_DOCUMENT_START_EVENT:
                    return yaml_error(position_of(event.start_mark), "unexpected end of document");
            }
        }
    }

  private:
    Status add(const yaml_event_t& event) {
        Node node;
        node.at = position_of(event.start_mark);
        if (nodes_.size() >= limits_.nodes_max) {
            return limit_error(node.at, "too many nodes", limits_.nodes_max);
        }
        std::string anchor;
        switch (event.type) {
            case YAML_ALIAS_EVENT: {
                node.kind = Kind::Alias;
                const std::string name = to_text(event.data.alias.anchor);
                const auto found = anchors_.find(name);
                if (found == anchors_.end()) {
                    return yaml_error(node.at, "unknown anchor: " + name);
                }
                if (nodes_[found->second].open) {
                    return yaml_error(node.at, "anchor contains itself: " + name);
                }
                node.target = found->second;
                break;
            }
            case YAML_SCALAR_EVENT: {
                const auto& scalar = event.data.scalar;
                const void* bytes = scalar.value;
                node.text.assign(static_cast<const char*>(bytes), scalar.length);
                node.tag = to_text(scalar.tag);
                node.plain = scalar.plain_implicit != 0;
                anchor = to_text(scalar.anchor);
                break;
            }
            case YAML_SEQUENCE_START_EVENT:
                node.kind = Kind::Sequence;
                anchor = to_text(event.data.sequence_start.anchor);
                break;
            default:
                node.kind = Kind::Mapping;
                anchor = to_text(event.data.mapping_start.anchor);
                break;
        }
        const auto index = static_cast<std::uint32_t>(nodes_.size());
        if (!anchor.empty()) {
            anchors_[anchor] = index;
        }
        if (!path_.empty()) {
            nodes_[path_.back()].children.push_back(index);
        }
        if (node.kind == Kind::Sequence || node.kind == Kind::Mapping) {
            if (path_.size() >= limits_.depth_max) {
                return limit_error(node.at, "nested too deep", limits_.depth_max);
            }
            node.open = true;
            path_.push_back(index);
        }
        nodes_.push_back(std::move(node));
        return ok_status();
    }

    Parser& parser_;
    const YamlLimits& limits_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> path_;  // open collections
    std::unordered_map<std::string, std::uint32_t> anchors_;
};

/// Step two: the value of a document, and where its parts were written.
class Expander {
  public:
    Expander(const std::vector<Node>& nodes, const YamlLimits& limits, std::size_t& nodes_made)
        : nodes_(nodes), limits_(limits), nodes_made_(nodes_made) {}

    Status run(YamlDocument& out) {
        if (nodes_.empty()) {
            return ok_status();
        }
        return expand(0, 0, out.root, out.mark);
    }

  private:
    /// A mapping under construction; merges add to it too.
    struct Mapping {
        ObjectBuilder properties;
        std::vector<YamlMark> marks;
        /// The explicit keys so far; only kept to refuse duplicates.
        std::unordered_map<std::string, bool> seen;
    };

    Status count(const Node& node, std::size_t depth) {
        if (++nodes_made_ > limits_.nodes_max) {
            return limit_error(node.at, "too many nodes after alias expansion", limits_.nodes_max);
        }
        if (depth > limits_.depth_max) {
            return limit_error(node.at, "nested too deep", limits_.depth_max);
        }
        if (alias_depth_ > 0) {
            alias_bytes_ += node.text.size();
            if (alias_bytes_ > limits_.alias_bytes_max) {
                return limit_error(node.at, "too much text after alias expansion, in bytes",
                                   limits_.alias_bytes_max);
            }
        }
        return ok_status();
    }

    Status expand(std::uint32_t index, std::size_t depth, Value& value, YamlMark& mark) {
        const Node& node = nodes_[index];
        mark.at = node.at;
        if (node.kind == Kind::Alias) {
            ++alias_depth_;
            Status status = expand(node.target, depth, value, mark);
            --alias_depth_;
            mark.at = node.at;
            return status;
        }
        const bool collection = node.kind != Kind::Scalar;
        QD_CHECK_OK(count(node, depth + (collection ? 1 : 0)));
        if (node.kind == Kind::Scalar) {
            QD_TRY(value, scalar(node));
            return ok_status();
        }
        if (node.kind == Kind::Sequence) {
            return expand_sequence(node, depth, value, mark);
        }
        Mapping mapping;
        QD_CHECK_OK(add_pairs(node, depth, mapping, limits_.refuse_duplicate_keys));
        value = Value(mapping.properties.take());
        mark.children = std::move(mapping.marks);
        return ok_status();
    }

    Status expand_sequence(const Node& node, std::size_t depth, Value& value, YamlMark& mark) {
        Array array(node.children.size());
        mark.children.resize(node.children.size());
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            QD_CHECK_OK(expand(node.children[i], depth + 1, array[i], mark.children[i]));
        }
        value = Value(std::move(array));
        return ok_status();
    }

    static Result<Value> scalar(const Node& node) {
        if (node.tag == kBinaryTag) {
            return yaml_error(node.at, "!!binary is not supported");
        }
        if (!node.tag.empty()) {
            auto value = resolve_tagged_scalar(node.tag, node.text);
            if (!value) {
                return yaml_error(node.at, "scalar does not fit its tag: " + node.tag + ": " +
                                               node.text.substr(0, 100));
            }
            return *std::move(value);
        }
        return node.plain ? resolve_plain_scalar(node.text) : Value(node.text);
    }

    bool is_merge(const Node& key) const {
        return key.kind == Kind::Scalar && key.text == "<<" && (key.plain || key.tag == kMergeTag);
    }

    Status add_pairs(const Node& node, std::size_t depth, Mapping& out, bool refuse_duplicates) {
        for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
            const Node& key = nodes_[node.children[i]];
            if (is_merge(key)) {
                QD_CHECK_OK(merge(node.children[i + 1], depth, out));
                continue;
            }
            QD_TRY(auto name, key_of(node.children[i], depth));
            if (refuse_duplicates && !out.seen.emplace(name, true).second) {
                return yaml_error(key.at, "duplicate key: " + name.substr(0, 100));
            }
            Value value;
            YamlMark mark;
            QD_CHECK_OK(expand(node.children[i + 1], depth + 1, value, mark));
            const auto added = out.properties.add(std::move(name), std::move(value));
            if (added.replaced) {
                out.marks[added.index] = std::move(mark);
            } else {
                out.marks.push_back(std::move(mark));
            }
        }
        return ok_status();
    }

    Result<std::string> key_of(std::uint32_t index, std::size_t depth) {
        const Node& node = nodes_[index];
        Value value;
        YamlMark mark;
        QD_CHECK_OK(expand(index, depth, value, mark));
        auto name = key_text(value);
        if (!name) {
            return yaml_error(node.at, "key is neither text, number nor boolean");
        }
        return *std::move(name);
    }

    /// The nodes a merge names, aliases followed.
    const Node& followed(std::uint32_t index) const {
        while (nodes_[index].kind == Kind::Alias) {
            index = nodes_[index].target;
        }
        return nodes_[index];
    }

    Status merge(std::uint32_t index, std::size_t depth, Mapping& out) {
        const Node& node = followed(index);
        if (node.kind == Kind::Mapping) {
            return merge_mapping(node, depth, out);
        }
        if (node.kind == Kind::Sequence) {
            QD_CHECK_OK(count(node, depth));
            for (std::size_t i = node.children.size(); i-- > 0;) {
                const Node& part = followed(node.children[i]);
                if (part.kind != Kind::Mapping) {
                    return yaml_error(part.at, "merge of something that is no mapping");
                }
                QD_CHECK_OK(merge_mapping(part, depth, out));
            }
            return ok_status();
        }
        return yaml_error(nodes_[index].at, "merge of something that is no mapping");
    }

    Status merge_mapping(const Node& node, std::size_t depth, Mapping& out) {
        QD_CHECK_OK(count(node, depth));
        // A mapping merged into one that it contains cannot come: an open anchor is refused.
        // A chain of merges is as deep as the text has anchors; it counts as nesting.
        if (++merge_depth_ > limits_.depth_max) {
            return limit_error(node.at, "merges nested too deep", limits_.depth_max);
        }
        ++alias_depth_;
        Status status = add_pairs(node, depth, out, false);
        --alias_depth_;
        --merge_depth_;
        return status;
    }

    const std::vector<Node>& nodes_;
    const YamlLimits& limits_;
    std::size_t& nodes_made_;
    std::size_t alias_depth_ = 0;
    std::size_t alias_bytes_ = 0;
    std::size_t merge_depth_ = 0;
};

/// "~1" is '/', "~0" is '~'.
std::string unescape_pointer(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '~' && i + 1 < token.size() &&
            (token[i + 1] == '0' || token[i + 1] == '1')) {
            out += token[++i] == '0' ? '~' : '/';
        } else {
            out += token[i];
        }
    }
    return out;
}

/// The element a token names; the number of children when there is none.
std::size_t child_index(const Value& value, const std::string& token, std::size_t none) {
    if (const Object* object = value.if_object()) {
        std::size_t index = 0;
        for (const auto& [key, unused] : *object) {
            if (key == token) {
                return index;
            }
            ++index;
        }
        return none;
    }
    if (value.if_array() == nullptr || token.empty() || token.size() > 9 ||
        (token.size() > 1 && token[0] == '0')) {
        return none;
    }
    std::size_t index = 0;
    for (const char c : token) {
        if (c < '0' || c > '9') {
            return none;
        }
        index = index * 10 + static_cast<std::size_t>(c - '0');
    }
    return index;
}

}  // namespace

YamlPosition YamlDocument::position(std::string_view json_pointer) const {
    const Value* value = &root;
    const YamlMark* at = &mark;
    while (!json_pointer.empty()) {
        if (json_pointer.front() != '/') {
            return {};
        }
        json_pointer.remove_prefix(1);
        const std::size_t slash = std::min(json_pointer.find('/'), json_pointer.size());
        const std::string token = unescape_pointer(json_pointer.substr(0, slash));
        json_pointer.remove_prefix(slash);
        const std::size_t index = child_index(*value, token, at->children.size());
        const Array* array = value->if_array();
        if (index >= at->children.size() || (array != nullptr && index >= array->size())) {
            return {};
        }
        value = array != nullptr
                    ? &(*array)[index]
                    : &(value->if_object()->begin() + static_cast<std::ptrdiff_t>(index))->second;
        at = &at->children[index];
    }
    return at->at;
}

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, YamlLimits limits) {
    Parser parser(text);
    std::vector<YamlDocument> documents;
    std::size_t nodes_made = 0;
    for (;;) {
        yaml_event_t event{};
        QD_CHECK_OK(parser.next(event));
        const EventGuard guard(&event);
        if (event.type == YAML_STREAM_END_EVENT) {
            return documents;
        }
        if (event.type != YAML_DOCUMENT_START_EVENT) {
            continue;
        }
        if (documents.size() >= limits.documents_max) {
            return limit_error(position_of(event.start_mark), "too many documents",
                               limits.documents_max);
        }
        QD_TRY(const auto nodes, Composer(parser, limits).run());
        documents.emplace_back();
        QD_CHECK_OK(Expander(nodes, limits, nodes_made).run(documents.back()));
    }
}

}  // namespace qd::codec
