#include "expr/function.h"
#include "expr/text.h"
#include "expr/xml_blob.h"
#include "expr/xml_json.h"
#include "expr/xml_path.h"

#include <array>

// XML values are blobs of content type application/xml, as every other value the definition
// language has no type for.

namespace qd::automation::expr {
namespace {

constexpr std::string_view kXmlType = "application/xml;charset=utf-8";

Result<Value> xml(const Arguments& a) {
    if (const auto* text = a[0].if_string()) {
        QD_TRY(const XmlNode document, parse_xml(*text));
        return make_blob(kXmlType, write_xml(document));
    }
    if (is_blob(a[0])) {
        // Whatever the bytes are: they are looked at when somebody reads them.
        Value out = a[0];
        out.if_object()->set("$content-type", Value(kXmlType));
        return out;
    }
    if (const auto* object = a[0].if_object()) {
        QD_TRY(const XmlNode document, json_to_xml(*object));
        return make_blob(kXmlType, write_xml(document));
    }
    return a.wrong(0, "a string or an object");
}

Value result_of(const XmlNode& node) {
    const bool markup = node.kind == XmlNode::Kind::Element || node.kind == XmlNode::Kind::Document;
    return markup ? make_blob(kXmlType, write_xml(node)) : Value(node.value);
}

Result<Value> xpath(const Arguments& a) {
    if (!is_xml_blob(a[0])) {
        return a.wrong(0, "an XML object");
    }
    QD_TRY(const std::string_view path, a.string(1));
    QD_TRY(const XmlNode document, read_xml_blob(a[0]));
    QD_TRY(XPathResult found, find_xpath(document, std::string(path)));
    if (const auto* nodes = std::get_if<std::vector<const XmlNode*>>(&found)) {
        Array out;
        for (const XmlNode* node : *nodes) {
            out.push_back(result_of(*node));
        }
        return Value(std::move(out));
    }
    if (const auto* number = std::get_if<double>(&found)) {
        return Value(*number);
    }
    if (const auto* truth = std::get_if<bool>(&found)) {
        return Value(*truth);
    }
    return Value(std::move(std::get<std::string>(found)));
}

constexpr std::array kFunctions = {
    Function{"xml", 1, 1, xml},
    Function{"xpath", 2, 2, xpath},
};

}  // namespace

bool is_xml_blob(const Value& value) {
    if (!is_blob(value)) {
        return false;
    }
    const std::string_view type = value.get("$content-type")->string_or({});
    const std::string_view media = type.substr(0, type.find(';'));
    return equals_ignore_case(media, "application/xml") || equals_ignore_case(media, "text/xml");
}

Result<XmlNode> read_xml_blob(const Value& blob) {
    QD_TRY(const std::string bytes, blob_bytes(blob));
    QD_TRY(XmlNode document, parse_xml(bytes));
    QD_CHECK_OK(check_encoding(document));
    return document;
}

std::span<const Function> xml_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
