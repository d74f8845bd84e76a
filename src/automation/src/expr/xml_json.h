#pragma once

#include "expr/xml_tree.h"
#include "qd/codec/value.h"

namespace qd::automation::expr {

/// XML as JSON and back, the way Json.NET's XmlNodeConverter does it: "@name" for attributes,
/// "#text", "#cdata-section", "?xml", "!DOCTYPE"; children of one name become an array; comments
/// leave only their empty array, and that only when there are several.
Value xml_to_json(const XmlNode& document);

/// A document, which has no root element when the object has no property.
/// Errors: AUT0204 (more than one root, an empty name, "]]>" in CDATA, a value where none can be).
Result<XmlNode> json_to_xml(const Object& root);

}  // namespace qd::automation::expr
