#pragma once

#include "expr/xml_tree.h"
#include "qd/codec/value.h"

namespace qd::automation::expr {

/// A blob whose content type says XML.
bool is_xml_blob(const Value& value);
/// Its document. Errors: AUT0204.
Result<XmlNode> read_xml_blob(const Value& blob);

}  // namespace qd::automation::expr
