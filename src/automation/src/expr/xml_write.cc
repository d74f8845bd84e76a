// XML text from a tree, and names that XML allows from any names. Source: .NET's XmlTextWriter
// (what it escapes where) and XmlConvert.EncodeName.
#include "expr/xml_tree.h"
#include "qd/base/utf8.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace qd::automation::expr {
namespace {

class Writer {
  public:
    std::string out;

    void write(const XmlNode& node) {
        using Kind = XmlNode::Kind;
        switch (node.kind) {
            case Kind::Document:
                write_all(node.children);
                break;
            case Kind::Declaration:
                out += "<?xml";
                for (const XmlNode& part : node.attributes) {
                    write_attribute(part);
                }
                out += "?>";
                break;
            case Kind::DocumentType:
                write_doctype(node);
                break;
            case Kind::Element:
                write_element(node);
                break;
            case Kind::Attribute:
                out += node.value;
                break;
            case Kind::Text:
                append_escaped(node.value, false);
                break;
            case Kind::CData:
                out += "<![CDATA[" + node.value + "]]>";
                break;
            case Kind::Comment:
                out += "<!--" + node.value + "-->";
                break;
            case Kind::Instruction:
                out += "<?" + node.name.local + (node.value.empty() ? "" : " ") + node.value + "?>";
                break;
        }
    }

  private:
    void write_all(const std::vector<XmlNode>& nodes) {
        for (const XmlNode& node : nodes) {
            write(node);
        }
    }

    void write_doctype(const XmlNode& node) {
        out += "<!DOCTYPE " + node.name.local;
        const XmlNode* public_id = node.attribute("public");
        const XmlNode* system_id = node.attribute("system");
        if (public_id != nullptr) {
            out += " PUBLIC \"" + public_id->value + "\" \"" +
                   (system_id != nullptr ? system_id->value : "") + "\"";
        } else if (system_id != nullptr) {
            out += " SYSTEM \"" + system_id->value + "\"";
        }
        if (const XmlNode* subset = node.attribute("internalSubset")) {
            out += "[" + subset->value + "]";
        }
        out += ">";
    }

    void write_attribute(const XmlNode& attribute) {
        out += " " + attribute.name.qualified() + "=\"";
        append_escaped(attribute.value, true);
        out += "\"";
    }

    /// Declares the namespace of a name unless it is what the prefix means here already.
    void declare(const XmlName& name, bool element) {
        if (name.uri.empty() ? !element || !name.prefix.empty()
                             : name.prefix == "xml" || name.prefix == "xmlns" ||
                                   (!element && name.prefix.empty())) {
            return;
        }
        const auto bound = std::find_if(scope_.rbegin(), scope_.rend(), [&](const auto& binding) {
            return binding.first == name.prefix;
        });
        if ((bound == scope_.rend() ? std::string() : bound->second) == name.uri) {
            return;
        }
        scope_.emplace_back(name.prefix, name.uri);
        out += name.prefix.empty() ? " xmlns=\"" : " xmlns:" + name.prefix + "=\"";
        append_escaped(name.uri, true);
        out += "\"";
    }

    void write_element(const XmlNode& node) {
        const std::size_t outer = scope_.size();
        const std::string tag = node.name.qualified();
        out += "<" + tag;
        for (const XmlNode& attribute : node.attributes) {
            if (attribute.name.declares_namespace()) {
                scope_.emplace_back(attribute.name.prefix.empty() ? "" : attribute.name.local,
                                    attribute.value);
            }
            write_attribute(attribute);
        }
        declare(node.name, true);
        for (const XmlNode& attribute : node.attributes) {
            declare(attribute.name, false);
        }
        if (node.children.empty() && node.self_closed) {
            out += " />";
        } else {
            out += ">";
            write_all(node.children);
            out += "</" + tag + ">";
        }
        scope_.resize(outer);
    }

    void append_escaped(std::string_view text, bool in_attribute) {
        for (const char c : text) {
            switch (c) {
                case '<':
                    out += "&lt;";
                    break;
                case '>':
                    out += "&gt;";
                    break;
                case '&':
                    out += "&amp;";
                    break;
                case '"':
                    out += in_attribute ? "&quot;" : "\"";
                    break;
                case '\n':
                    out += in_attribute ? "&#xA;" : "\n";
                    break;
                case '\r':
                    out += in_attribute ? "&#xD;" : "\r";
                    break;
                default:
                    out += c;
            }
        }
    }

    std::vector<std::pair<std::string, std::string>> scope_;  // prefix, namespace
};

struct Range {
    char32_t first;
    char32_t last;
};
// XML 1.0, production 4 and 4a.
constexpr Range kNameStart[] = {
    {':', ':'},       {'A', 'Z'},       {'_', '_'},       {'a', 'z'},       {0xC0, 0xD6},
    {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},   {0x37F, 0x1FFF},  {0x200C, 0x200D},
    {0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD},
};
constexpr Range kNameMore[] = {
    {'-', '.'}, {'0', '9'}, {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040},
};

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t c) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [&](const Range& r) { return c >= r.first && c <= r.last; });
}

/// The code point of "_xHHHH_" (or eight digits) at the beginning; nothing when there is none.
std::optional<char32_t> escape_at(std::string_view text, std::size_t& length) {
    for (const std::size_t digits : {4U, 8U}) {
        if (text.size() < digits + 3 || text[0] != '_' || text[1] != 'x' ||
            text[digits + 2] != '_') {
            continue;
        }
        char32_t value = 0;
        bool valid = true;
        for (const char c : text.substr(2, digits)) {
            const char lower = static_cast<char>(c | 0x20);
            const bool number = c >= '0' && c <= '9';
            valid = valid && (number || (lower >= 'a' && lower <= 'f'));
            value = value * 16 + static_cast<char32_t>(number ? c - '0' : lower - 'a' + 10);
        }
        if (valid && value <= 0x10FFFF) {
            length = digits + 3;
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string write_xml(const XmlNode& node) {
    Writer writer;
    writer.write(node);
    return std::move(writer.out);
}

std::string encode_xml_name(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t begin = at;
        const char32_t c = next_code_point(name, at);
        std::size_t length = 0;
        const bool looks_escaped = c == '_' && escape_at(name.substr(begin), length);
        if (!looks_escaped && (within(kNameStart, c) || (begin > 0 && within(kNameMore, c)))) {
            out += name.substr(begin, at - begin);
            continue;
        }
        char escape[16];
        std::snprintf(escape, sizeof escape, c > 0xFFFF ? "_x%08X_" : "_x%04X_",
                      static_cast<unsigned>(c));
        out += escape;
    }
    return out;
}

std::string decode_xml_name(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        std::size_t length = 0;
        if (const auto c = escape_at(name.substr(at), length)) {
            append_utf8(out, *c);
            at += length;
        } else {
            out += name[at++];
        }
    }
    return out;
}

}  // namespace qd::automation::expr
