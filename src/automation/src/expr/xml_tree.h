#pragma once

#include "qd/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace qd::automation::expr {

inline constexpr std::string_view kXmlnsUri = "http://www.w3.org/2000/xmlns/";

struct XmlName {
    std::string prefix;  // as written
    std::string local;
    std::string uri;  // of its namespace; a prefix without one is not written

    std::string qualified() const {
        return prefix.empty() || uri.empty() ? local : prefix + ":" + local;
    }
    /// xmlns="…" or xmlns:p="…".
    bool declares_namespace() const { return uri == kXmlnsUri; }
};

/// An XML document as .NET's XmlDocument holds it: text of white space alone is dropped (unless
/// xml:space says otherwise), an element written <a/> is not one written <a></a>.
struct XmlNode {
    enum class Kind {
        Document,
        Declaration,   // attributes: version, encoding, standalone
        DocumentType,  // name; attributes: public, system, internalSubset
        Element,
        Attribute,
        Text,
        CData,
        Comment,
        Instruction,
    };
    Kind kind = Kind::Document;
    XmlName name;
    std::string value;
    bool self_closed = false;  // of elements without children
    std::vector<XmlNode> attributes;
    std::vector<XmlNode> children;

    const XmlNode* attribute(std::string_view local) const;
};

/// A whole document: well formed, with namespaces, one root. No entity is read from anywhere and
/// none may be declared (what a few lines could expand to has no bounds); at most 256 levels.
/// Errors: AUT0204 with the line.
Result<XmlNode> parse_xml(std::string_view text);

/// The encoding the document declares is one whose bytes these are: UTF-8 or a subset of it.
/// Errors: AUT0204.
Status check_encoding(const XmlNode& document);

/// The text as .NET's XmlWriter gives it, without added white space; of any node. Namespaces that
/// the node has from outside are declared.
std::string write_xml(const XmlNode& node);

/// Characters that no XML name has as _xHHHH_, and back. Source: .NET's XmlConvert.
std::string encode_xml_name(std::string_view name);
std::string decode_xml_name(std::string_view name);

}  // namespace qd::automation::expr
