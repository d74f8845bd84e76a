#include "expr/xml_json.h"

#include "qd/automation/expression.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace qd::automation::expr {
namespace {

using Kind = XmlNode::Kind;

/// Elements and attributes of this namespace are Json.NET's own: json:Array="true" makes an array
/// of a lone element.
constexpr std::string_view kJsonUri = "http://james.newtonking.com/projects/json";

Error no_xml(std::string_view why) {
    return Error(Code::InvalidArgument, "AUT0204",
                 "the JSON cannot become XML: " + std::string(why));
}

// ---- XML to JSON ----------------------------------------------------------------------------

bool is_array(const XmlNode& node) {
    return std::any_of(node.attributes.begin(), node.attributes.end(), [](const XmlNode& a) {
        return a.name.uri == kJsonUri && a.name.local == "Array" && a.value == "true";
    });
}

/// An attribute that says something about the JSON, not in it.
bool is_instruction(const XmlNode& attribute) {
    return attribute.name.uri == kJsonUri ||
           (attribute.name.declares_namespace() && attribute.value == kJsonUri);
}

std::string property_name(const XmlNode& node) {
    const auto full = [&] {
        const std::string local = decode_xml_name(node.name.local);
        return node.name.prefix.empty() || node.name.uri.empty() ? local
                                                                 : node.name.prefix + ":" + local;
    };
    switch (node.kind) {
        case Kind::Attribute:
            return "@" + full();
        case Kind::Text:
            return "#text";
        case Kind::CData:
            return "#cdata-section";
        case Kind::Comment:
            return "#comment";
        case Kind::Instruction:
            return "?" + full();
        case Kind::Declaration:
            return "?xml";
        case Kind::DocumentType:
            return "!DOCTYPE";
        default:
            return full();
    }
}

Value value_of(const XmlNode& node);

/// Children by name, in the order in which names occur first.
void add_children(const XmlNode& node, Object& out) {
    std::vector<std::pair<std::string, std::vector<const XmlNode*>>> groups;
    for (const XmlNode& child : node.children) {
        std::string name = property_name(child);
        const auto group = std::find_if(groups.begin(), groups.end(),
                                        [&](const auto& g) { return g.first == name; });
        if (group == groups.end()) {
            groups.emplace_back(std::move(name), std::vector<const XmlNode*>{&child});
        } else {
            group->second.push_back(&child);
        }
    }
    for (auto& [name, nodes] : groups) {
        if (nodes.size() == 1 && !is_array(*nodes[0])) {
            if (nodes[0]->kind != Kind::Comment) {
                out.set(std::move(name), value_of(*nodes[0]));
            }
            continue;
        }
        Array items;
        for (const XmlNode* item : nodes) {
            if (item->kind != Kind::Comment) {
                items.push_back(value_of(*item));
            }
        }
        out.set(std::move(name), Value(std::move(items)));
    }
}

Value value_of(const XmlNode& node) {
    Object out;
    if (node.kind == Kind::Declaration || node.kind == Kind::DocumentType) {
        if (node.kind == Kind::DocumentType) {
            out.set("@name", Value(node.name.local));
        }
        for (const XmlNode& part : node.attributes) {
            out.set("@" + part.name.local, Value(part.value));
        }
        return Value(std::move(out));
    }
    if (node.kind != Kind::Element) {
        return Value(node.value);
    }
    const bool has_attributes =
        !std::all_of(node.attributes.begin(), node.attributes.end(), is_instruction);
    if (!has_attributes && node.children.size() == 1 && node.children[0].kind == Kind::Text) {
        return Value(node.children[0].value);
    }
    if (node.children.empty() && node.attributes.empty()) {
        return node.self_closed ? Value() : Value("");
    }
    for (const XmlNode& attribute : node.attributes) {
        if (!is_instruction(attribute)) {
            out.set(property_name(attribute), Value(attribute.value));
        }
    }
    add_children(node, out);
    return Value(std::move(out));
}

// ---- JSON to XML ----------------------------------------------------------------------------

class Builder {
  public:
    Result<XmlNode> build(const Object& root) {
        XmlNode document;
        for (const auto& [key, value] : root) {
            QD_CHECK_OK(add(document, key, value));
        }
        return document;
    }

  private:
    /// A property: each item of an array is a node of its own.
    Status add(XmlNode& parent, const std::string& key, const Value& value) {
        const Array* items = value.if_array();
        if (items == nullptr) {
            return add_value(parent, key, value);
        }
        for (const Value& item : *items) {
            QD_CHECK_OK(add_value(parent, key, item));
        }
        return {};
    }

    Status add_value(XmlNode& parent, const std::string& key, const Value& value) {
        if (key == "#text" || key == "#whitespace" || key == "#significant-whitespace") {
            return add_text(parent, Kind::Text, value);
        }
        if (key == "#cdata-section") {
            return add_text(parent, Kind::CData, value);
        }
        if (key == "!DOCTYPE") {
            return add_parts(parent, Kind::DocumentType, value);
        }
        if (key == "?xml") {
            return add_parts(parent, Kind::Declaration, value);
        }
        if (key.starts_with("?")) {
            XmlNode node;
            node.kind = Kind::Instruction;
            node.name.local = key.substr(1);
            QD_TRY(node.value, token(value));
            parent.children.push_back(std::move(node));
            return {};
        }
        if (key.empty()) {
            return no_xml("a property has an empty name");
        }
        if (key.starts_with("@")) {
            return add_attribute(parent, key.substr(1), value);
        }
        return add_element(parent, key, value);
    }

    static Result<std::string> token(const Value& value) {
        if (value.if_array() != nullptr || value.if_object() != nullptr) {
            return no_xml("an attribute or a text must be a single value");
        }
        if (value.is_null()) {
            return std::string();
        }
        if (const bool* truth = value.if_bool()) {
            return std::string(*truth ? "true" : "false");
        }
        return stringify(value);
    }

    static Status add_text(XmlNode& parent, Kind kind, const Value& value) {
        if (parent.kind == Kind::Document) {
            return no_xml("there is a text beside the root element");
        }
        XmlNode node;
        node.kind = kind;
        QD_TRY(node.value, token(value));
        if (kind == Kind::CData && node.value.find("]]>") != std::string::npos) {
            return no_xml("a CDATA section cannot hold ']]>'");
        }
        parent.children.push_back(std::move(node));
        return {};
    }

    /// "?xml" and "!DOCTYPE", whose "@" properties are their parts.
    static Status add_parts(XmlNode& parent, Kind kind, const Value& value) {
        const Object* parts = value.if_object();
        if (parts == nullptr || parent.kind != Kind::Document) {
            return no_xml("a declaration must be an object at the top");
        }
        XmlNode node;
        node.kind = kind;
        for (const auto& [key, part] : *parts) {
            QD_TRY(std::string text, token(part));
            if (kind == Kind::DocumentType && key == "@name") {
                node.name.local = std::move(text);
            } else if (key.starts_with("@")) {
                XmlNode attribute;
                attribute.kind = Kind::Attribute;
                attribute.name.local = key.substr(1);
                attribute.value = std::move(text);
                node.attributes.push_back(std::move(attribute));
            }
        }
        parent.children.push_back(std::move(node));
        return {};
    }

    /// The prefix and, where it is bound, its namespace.
    XmlName name_of(std::string_view full, bool element) const {
        XmlName name;
        const std::size_t colon = full.find(':');
        if (colon != std::string_view::npos && colon > 0 && colon + 1 < full.size()) {
            name.prefix = full.substr(0, colon);
            full.remove_prefix(colon + 1);
        }
        name.local = encode_xml_name(full);
        if (name.prefix == "xmlns" || (!element && name.prefix.empty() && full == "xmlns")) {
            name.uri = kXmlnsUri;
        } else if (name.prefix == "xml") {
            name.uri = "http://www.w3.org/XML/1998/namespace";
        } else if (element || !name.prefix.empty()) {
            const auto bound = std::find_if(scope_.rbegin(), scope_.rend(),
                                            [&](const auto& b) { return b.first == name.prefix; });
            name.uri = bound == scope_.rend() ? std::string() : bound->second;
        }
        return name;
    }

    Status add_attribute(XmlNode& parent, std::string_view full, const Value& value) {
        if (parent.kind != Kind::Element || full.empty()) {
            return no_xml("an attribute needs an element and a name");
        }
        XmlNode node;
        node.kind = Kind::Attribute;
        node.name = name_of(full, false);
        QD_TRY(node.value, token(value));
        parent.attributes.push_back(std::move(node));
        return {};
    }

    Status add_element(XmlNode& parent, const std::string& key, const Value& value) {
        if (parent.kind == Kind::Document &&
            std::any_of(parent.children.begin(), parent.children.end(),
                        [](const XmlNode& n) { return n.kind == Kind::Element; })) {
            return no_xml("More than one root element");
        }
        const std::size_t outer = scope_.size();
        const Object* object = value.if_object();
        if (object != nullptr) {
            QD_CHECK_OK(bind_prefixes(*object));
        }
        XmlNode node;
        node.kind = Kind::Element;
        node.name = name_of(key, true);
        node.self_closed = true;
        if (object != nullptr) {
            for (const auto& [name, part] : *object) {
                QD_CHECK_OK(add(node, name, part));
            }
        } else if (const Array* items = value.if_array()) {
            for (const Value& item : *items) {
                QD_CHECK_OK(add_value(node, key, item));
            }
        } else if (!value.is_null()) {
            QD_CHECK_OK(add_text(node, Kind::Text, value));
        }
        scope_.resize(outer);
        parent.children.push_back(std::move(node));
        return {};
    }

    Status bind_prefixes(const Object& object) {
        for (const auto& [key, value] : object) {
            if (key == "@xmlns" || key.starts_with("@xmlns:")) {
                QD_TRY(std::string uri, token(value));
                scope_.emplace_back(key.size() > 7 ? key.substr(7) : std::string(), std::move(uri));
            }
        }
        return {};
    }

    std::vector<std::pair<std::string, std::string>> scope_;  // prefix, namespace
};

}  // namespace

Value xml_to_json(const XmlNode& document) {
    Object out;
    add_children(document, out);
    return Value(std::move(out));
}

Result<XmlNode> json_to_xml(const Object& root) {
    return Builder().build(root);
}

}  // namespace qd::automation::expr
