// XPath by libxml2, over a copy of the tree as libxml2 has it: each of its nodes points back to the
// one it was made from.
#include "expr/xml_path.h"

#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <memory>

namespace qd::automation::expr {
namespace {

constexpr unsigned long kStepsMax = 5'000'000;

const xmlChar* chars(const std::string& text) {
    return reinterpret_cast<const xmlChar*>(text.c_str());
}

struct Deleter {
    void operator()(xmlDoc* p) const { xmlFreeDoc(p); }
    void operator()(xmlXPathContext* p) const { xmlXPathFreeContext(p); }
    void operator()(xmlXPathObject* p) const { xmlXPathFreeObject(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

class Copier {
  public:
    explicit Copier(xmlDoc* document) : document_(document) {}

    void copy_children(const XmlNode& from, xmlNode* to) {
        for (const XmlNode& child : from.children) {
            xmlNode* node = make(child);
            if (node == nullptr) {
                continue;
            }
            node->_private = back(child);
            xmlAddChild(to, node);
            if (child.kind == XmlNode::Kind::Element) {
                fill(child, node);
            }
        }
    }

  private:
    static void* back(const XmlNode& node) { return const_cast<XmlNode*>(&node); }

    xmlNode* make(const XmlNode& node) const {
        const auto size = static_cast<int>(node.value.size());
        switch (node.kind) {
            case XmlNode::Kind::Element:
                return xmlNewDocNode(document_, nullptr, chars(node.name.local), nullptr);
            case XmlNode::Kind::Text:
                return xmlNewDocTextLen(document_, chars(node.value), size);
            case XmlNode::Kind::CData:
                return xmlNewCDataBlock(document_, chars(node.value), size);
            case XmlNode::Kind::Comment:
                return xmlNewDocComment(document_, chars(node.value));
            case XmlNode::Kind::Instruction:
                return xmlNewDocPI(document_, chars(node.name.local), chars(node.value));
            default:
                return nullptr;
        }
    }

    static xmlNs* bind(xmlNode* node, const XmlName& name) {
        const xmlChar* prefix = name.prefix.empty() ? nullptr : chars(name.prefix);
        xmlNs* known = xmlSearchNs(node->doc, node, prefix);
        if (known != nullptr && name.uri == reinterpret_cast<const char*>(known->href)) {
            return known;
        }
        return xmlNewNs(node, chars(name.uri), prefix);
    }

    void fill(const XmlNode& from, xmlNode* to) {
        if (!from.name.uri.empty()) {
            xmlSetNs(to, bind(to, from.name));
        }
        for (const XmlNode& attribute : from.attributes) {
            if (attribute.name.declares_namespace()) {
                continue;
            }
            xmlNs* space = attribute.name.uri.empty() || attribute.name.prefix.empty()
                               ? nullptr
                               : bind(to, attribute.name);
            xmlAttr* made =
                xmlNewNsProp(to, space, chars(attribute.name.local), chars(attribute.value));
            if (made != nullptr) {
                made->_private = back(attribute);
            }
        }
        copy_children(from, to);
    }

    xmlDoc* document_;
};

void ignore_error(void*, xmlErrorPtr) {}

std::vector<const XmlNode*> nodes_of(const xmlNodeSet* set, const XmlNode& document) {
    std::vector<const XmlNode*> out;
    for (int i = 0; set != nullptr && i < set->nodeNr; ++i) {
        const xmlNode* node = set->nodeTab[i];
        if (node->type == XML_DOCUMENT_NODE) {
            out.push_back(&document);
        } else if (node->type != XML_NAMESPACE_DECL && node->_private != nullptr) {
            out.push_back(static_cast<const XmlNode*>(node->_private));
        }
    }
    return out;
}

}  // namespace

Result<XPathResult> find_xpath(const XmlNode& document, const std::string& path) {
    const Owned<xmlDoc> copy(xmlNewDoc(chars("1.0")));
    const Owned<xmlXPathContext> context(copy ? xmlXPathNewContext(copy.get()) : nullptr);
    if (!context) {
        return Error(Code::ResourceExhausted, "AUT0204", "out of memory for an XPath");
    }
    Copier(copy.get()).copy_children(document, reinterpret_cast<xmlNode*>(copy.get()));
    context->error = ignore_error;
    context->opLimit = kStepsMax;
    const Owned<xmlXPathObject> found(xmlXPathEvalExpression(chars(path), context.get()));
    if (!found) {
        return Error(Code::InvalidArgument, "AUT0204",
                     "the XPath '" + path.substr(0, 200) +
                         "' is not valid, knows no such prefix, or takes too many steps");
    }
    switch (found->type) {
        case XPATH_NUMBER:
            return XPathResult(found->floatval);
        case XPATH_BOOLEAN:
            return XPathResult(found->boolval != 0);
        case XPATH_STRING:
            return XPathResult(std::string(reinterpret_cast<const char*>(found->stringval)));
        default:
            xmlXPathNodeSetSort(found->nodesetval);
            return XPathResult(nodes_of(found->nodesetval, document));
    }
}

}  // namespace qd::automation::expr
