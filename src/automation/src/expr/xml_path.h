#pragma once

#include "expr/xml_tree.h"

#include <string>
#include <variant>
#include <vector>

namespace qd::automation::expr {

/// A number, a string, a bool, or nodes of the document in its order.
using XPathResult = std::variant<double, std::string, bool, std::vector<const XmlNode*>>;

/// An XPath 1.0 expression over a document, with a bound on its steps. Prefixes of namespaces are
/// not known to it, as in the product: local-name() and namespace-uri() find such nodes.
/// Errors: AUT0204.
Result<XPathResult> find_xpath(const XmlNode& document, const std::string& path);

}  // namespace qd::automation::expr
