// XML text into a tree, by libxml2's pull parser, which tells what .NET's does (whether an element
// closed itself, CDATA from text). Read before it: the declaration, whose encoding says nothing
// about text that is Unicode already, and the internal subset, which is wanted as it is written.
#include "expr/xml_tree.h"

#include <libxml/xmlreader.h>

#include <algorithm>
#include <array>
#include <memory>

namespace qd::automation::expr {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

Error bad_xml(std::string what) {
    return Error(Code::InvalidArgument, "AUT0204", "Could not parse XML: " + std::move(what));
}

std::string text_of(const xmlChar* text) {
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

XmlNode attribute_node(std::string local, std::string value) {
    XmlNode out;
    out.kind = XmlNode::Kind::Attribute;
    out.name.local = std::move(local);
    out.value = std::move(value);
    return out;
}

/// The declaration's parts, in their order; each at most once.
class DeclarationReader {
  public:
    explicit DeclarationReader(std::string_view text) : text_(text) {}

    Result<XmlNode> read() {
        XmlNode out;
        out.kind = XmlNode::Kind::Declaration;
        for (const std::string_view part : {"version", "encoding", "standalone"}) {
            skip_blanks();
            if (!text_.starts_with(part)) {
                if (part == "version") {
                    return bad_xml("the declaration does not begin with a version");
                }
                continue;
            }
            text_.remove_prefix(part.size());
            std::string value;
            if (!read_value(value) || !is_valid(part, value)) {
                return bad_xml("the declaration's " + std::string(part) + " is not valid");
            }
            out.attributes.push_back(attribute_node(std::string(part), std::move(value)));
        }
        skip_blanks();
        if (!text_.empty()) {
            return bad_xml("the declaration has parts it may not have, or not there");
        }
        return out;
    }

  private:
    void skip_blanks() {
        text_.remove_prefix(std::min(text_.find_first_not_of(kBlank), text_.size()));
    }
    bool read_value(std::string& out) {
        skip_blanks();
        if (text_.empty() || text_.front() != '=') {
            return false;
        }
        text_.remove_prefix(1);
        skip_blanks();
        const char quote = text_.empty() ? '\0' : text_.front();
        const std::size_t end = text_.find(quote, 1);
        if ((quote != '"' && quote != '\'') || end == std::string_view::npos) {
            return false;
        }
        out = text_.substr(1, end - 1);
        text_.remove_prefix(end + 1);
        return true;
    }
    static bool is_valid(std::string_view part, std::string_view value) {
        if (part == "version") {
            return value == "1.0";
        }
        if (part == "standalone") {
            return value == "yes" || value == "no";
        }
        const auto letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
        return !value.empty() && letter(value.front()) &&
               std::all_of(value.begin(), value.end(), [&](char c) {
                   return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
               });
    }

    std::string_view text_;
};

/// What stands between the brackets of <!DOCTYPE …[ ]>; a lone carriage return counts as the end of
/// a line, as it does for .NET.
std::string internal_subset(std::string_view text) {
    const std::size_t begin = text.find("<!DOCTYPE");
    std::size_t at = begin == std::string_view::npos ? text.size() : begin;
    std::size_t open = std::string_view::npos;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = text.find(c, at + 1);
        } else if (text.substr(at).starts_with("<!--")) {
            at = text.find("-->", at + 4);
        } else if (c == '[' && open == std::string_view::npos) {
            open = at + 1;
        } else if ((c == ']' && open != std::string_view::npos) || c == '>') {
            if (c == ']' || open == std::string_view::npos) {
                break;
            }
        }
        if (at == std::string_view::npos) {
            return {};
        }
    }
    std::string out;
    if (open == std::string_view::npos || at >= text.size()) {
        return out;
    }
    const std::string_view raw = text.substr(open, at - open);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const bool lone = raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n');
        out += lone ? '\n' : raw[i];
    }
    return out;
}

struct ReaderDeleter {
    void operator()(xmlTextReader* reader) const { xmlFreeTextReader(reader); }
};

class TreeReader {
  public:
    Result<XmlNode> read(std::string_view text) {
        XmlNode document;
        QD_CHECK_OK(read_declaration(text, document));
        subset_ = internal_subset(text);
        if (subset_.find("<!ENTITY") != std::string::npos) {
            return bad_xml("entity declarations are not processed");
        }
        constexpr std::size_t kBytesMax = std::size_t{64} << 20;
        if (text.size() > kBytesMax) {
            return bad_xml("the document is larger than 64 MiB");
        }
        reader_.reset(xmlReaderForMemory(text.data(), static_cast<int>(text.size()), nullptr,
                                         "UTF-8", XML_PARSE_NONET));
        if (reader_ == nullptr) {
            return bad_xml("out of memory");
        }
        xmlTextReaderSetStructuredErrorHandler(reader_.get(), &TreeReader::take_error, this);
        open_ = {&document};
        int more = xmlTextReaderRead(reader_.get());
        for (; more == 1 && error_.empty(); more = xmlTextReaderRead(reader_.get())) {
            QD_CHECK_OK(take_node());
        }
        if (more < 0 || !error_.empty()) {
            return bad_xml(error_.empty() ? "Data at the root level is invalid" : error_);
        }
        return document;
    }

  private:
    static void take_error(void* self, xmlErrorPtr error) {
        auto* reader = static_cast<TreeReader*>(self);
        if (error->level >= XML_ERR_ERROR && reader->error_.empty()) {
            reader->error_ = error->message == nullptr ? "not well formed" : error->message;
            while (!reader->error_.empty() && kBlank.find(reader->error_.back()) != kBlank.npos) {
                reader->error_.pop_back();
            }
            reader->error_ += ", line " + std::to_string(error->line);
        }
    }

    static Status read_declaration(std::string_view& text, XmlNode& document) {
        if (text.starts_with("\xef\xbb\xbf")) {
            text.remove_prefix(3);
        }
        if (!text.starts_with("<?xml") || text.size() < 6 ||
            kBlank.find(text[5]) == std::string_view::npos) {
            return {};
        }
        const std::size_t end = text.find("?>");
        if (end == std::string_view::npos) {
            return bad_xml("the declaration does not end");
        }
        QD_TRY(XmlNode declaration, DeclarationReader(text.substr(5, end - 5)).read());
        document.children.push_back(std::move(declaration));
        text.remove_prefix(end + 2);
        return {};
    }

    XmlName name() const {
        return {.prefix = text_of(xmlTextReaderConstPrefix(reader_.get())),
                .local = text_of(xmlTextReaderConstLocalName(reader_.get())),
                .uri = text_of(xmlTextReaderConstNamespaceUri(reader_.get()))};
    }

    void take_attributes(XmlNode& element) {
        while (xmlTextReaderMoveToNextAttribute(reader_.get()) == 1) {
            XmlNode attribute = attribute_node({}, text_of(xmlTextReaderConstValue(reader_.get())));
            attribute.name = name();
            element.attributes.push_back(std::move(attribute));
        }
        xmlTextReaderMoveToElement(reader_.get());
    }

    void take_doctype(XmlNode& node) {
        node.name.local = text_of(xmlTextReaderConstName(reader_.get()));
        const xmlDoc* document = xmlTextReaderCurrentDoc(reader_.get());
        const xmlDtd* dtd = document == nullptr ? nullptr : xmlGetIntSubset(document);
        const std::array parts = {
            attribute_node("public", dtd == nullptr ? "" : text_of(dtd->ExternalID)),
            attribute_node("system", dtd == nullptr ? "" : text_of(dtd->SystemID)),
            attribute_node("internalSubset", subset_)};
        for (const XmlNode& part : parts) {
            if (!part.value.empty()) {
                node.attributes.push_back(part);
            }
        }
    }

    bool keeps_blanks() const {
        for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
            for (const XmlNode& attribute : (*it)->attributes) {
                if (attribute.name.prefix == "xml" && attribute.name.local == "space") {
                    return attribute.value == "preserve";
                }
            }
        }
        return false;
    }

    Status take_node() {
        using Kind = XmlNode::Kind;
        XmlNode node;
        node.value = text_of(xmlTextReaderConstValue(reader_.get()));
        switch (xmlTextReaderNodeType(reader_.get())) {
            case XML_READER_TYPE_ELEMENT: {
                node.kind = Kind::Element;
                node.name = name();
                node.self_closed = xmlTextReaderIsEmptyElement(reader_.get()) == 1;
                take_attributes(node);
                const bool closed = node.self_closed;
                std::vector<XmlNode>& siblings = open_.back()->children;
                siblings.push_back(std::move(node));
                if (!closed) {
                    open_.push_back(&siblings.back());
                }
                return {};
            }
            case XML_READER_TYPE_END_ELEMENT:
                open_.pop_back();
                return {};
            case XML_READER_TYPE_WHITESPACE:
            case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
                if (open_.size() == 1 || !keeps_blanks()) {
                    return {};
                }
                [[fallthrough]];
            case XML_READER_TYPE_TEXT:
                node.kind = Kind::Text;
                break;
            case XML_READER_TYPE_CDATA:
                node.kind = Kind::CData;
                break;
            case XML_READER_TYPE_COMMENT:
                node.kind = Kind::Comment;
                break;
            case XML_READER_TYPE_PROCESSING_INSTRUCTION:
                node.kind = Kind::Instruction;
                node.name.local = text_of(xmlTextReaderConstName(reader_.get()));
                break;
            case XML_READER_TYPE_DOCUMENT_TYPE:
                node.kind = Kind::DocumentType;
                take_doctype(node);
                break;
            default:
                return bad_xml("entities other than the five of XML are not processed");
        }
        open_.back()->children.push_back(std::move(node));
        return {};
    }

    std::unique_ptr<xmlTextReader, ReaderDeleter> reader_;
    std::string subset_;
    std::string error_;
    // Only the last children of each are open, so no pointer is to a node that still moves.
    std::vector<XmlNode*> open_;
};

}  // namespace

const XmlNode* XmlNode::attribute(std::string_view local) const {
    for (const XmlNode& a : attributes) {
        if (a.name.local == local) {
            return &a;
        }
    }
    return nullptr;
}

Result<XmlNode> parse_xml(std::string_view text) {
    return TreeReader().read(text);
}

Status check_encoding(const XmlNode& document) {
    if (document.children.empty() || document.children[0].kind != XmlNode::Kind::Declaration) {
        return {};
    }
    const XmlNode* encoding = document.children[0].attribute("encoding");
    if (encoding == nullptr) {
        return {};
    }
    std::string name = encoding->value;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    for (const std::string_view known : {"utf-8", "utf8", "ascii", "us-ascii"}) {
        if (name == known) {
            return {};
        }
    }
    return bad_xml("'" + encoding->value + "' is not a supported encoding");
}

}  // namespace qd::automation::expr
