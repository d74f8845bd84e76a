#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/base/utf8.h"

#include <optional>
#include <string>
#include <string_view>

// parse_xml(): an element becomes a property; attributes are "@name", text beside children or
// attributes is "#text", an element with nothing but text is that text, one with nothing at all is
// null, equal names become an array. No external entities, no DTD processing: a document type is
// skipped. Text that is no XML is returned as it is. Source: the documentation of parse_xml().

namespace qd::kql {
namespace {

constexpr int kDepthMax = 256;
constexpr std::size_t kBytesMax = std::size_t{4} << 20U;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

class XmlReader {
  public:
    explicit XmlReader(std::string_view text) : text_(text) {}

    std::optional<Value> document() {
        if (text_.starts_with("\xEF\xBB\xBF")) {
            at_ = 3;
        }
        Object root;
        if (!misc()) {
            return std::nullopt;
        }
        if (!element(root, 0) || !misc() || at_ != text_.size()) {
            return std::nullopt;
        }
        return Value(std::move(root));
    }

  private:
    bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    bool skip_past(std::string_view end) {
        const std::size_t found = text_.find(end, at_);
        if (found == std::string_view::npos) {
            return false;
        }
        at_ = found + end.size();
        return true;
    }
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) {
            ++at_;
        }
    }
    /// Comments, instructions, the document type and blanks around the root element.
    bool misc() {
        while (true) {
            skip_blanks();
            if (starts("<!--")) {
                if (!skip_past("-->")) {
                    return false;
                }
            } else if (starts("<?")) {
                if (!skip_past("?>")) {
                    return false;
                }
            } else if (starts("<!DOCTYPE")) {
                if (!skip_past(">")) {
                    return false;
                }
            } else {
                return true;
            }
        }
    }
    std::string_view name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_blank(text_[at_]) &&
               std::string_view("<>/=\"'&").find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }
    /// Appends raw text with its entities resolved; unknown ones are malformed.
    static bool append_text(std::string& out, std::string_view raw) {
        for (std::size_t i = 0; i < raw.size();) {
            if (raw[i] != '&') {
                out.push_back(raw[i++]);
                continue;
            }
            const std::size_t end = raw.find(';', i);
            if (end == std::string_view::npos) {
                return false;
            }
            if (!append_entity(out, raw.substr(i + 1, end - i - 1))) {
                return false;
            }
            i = end + 1;
        }
        return true;
    }
    static bool append_entity(std::string& out, std::string_view entity) {
        if (entity == "lt") {
            out.push_back('<');
        } else if (entity == "gt") {
            out.push_back('>');
        } else if (entity == "amp") {
            out.push_back('&');
        } else if (entity == "quot") {
            out.push_back('"');
        } else if (entity == "apos") {
            out.push_back('\'');
        } else if (entity.starts_with('#') && entity.size() > 1 && entity.size() < 10) {
            const bool hex = entity[1] == 'x' || entity[1] == 'X';
            std::uint32_t point = 0;
            for (const char c : entity.substr(hex ? 2 : 1)) {
                const char small = static_cast<char>(c | 0x20);
                const bool decimal = c >= '0' && c <= '9';
                if (!decimal && !(hex && small >= 'a' && small <= 'f')) {
                    return false;
                }
                point = point * (hex ? 16U : 10U) +
                        static_cast<std::uint32_t>(decimal ? c - '0' : small - 'a' + 10);
            }
            if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
                return false;
            }
            append_utf8(out, static_cast<char32_t>(point));
        } else {
            return false;
        }
        return true;
    }
    static void add(Object& parent, std::string_view key, Value value) {
        Value* known = parent.find(key);
        if (known == nullptr) {
            parent.append(std::string(key), std::move(value));
        } else if (Array* array = known->if_array()) {
            array->push_back(std::move(value));
        } else {
            Array both;
            both.push_back(std::move(*known));
            both.push_back(std::move(value));
            *known = Value(std::move(both));
        }
    }
    /// False for malformed text; `empty` is set for "<e/>".
    bool attributes(Object& content, bool& empty) {
        while (true) {
            skip_blanks();
            if (starts("/>")) {
                at_ += 2;
                empty = true;
                return true;
            }
            if (starts(">")) {
                ++at_;
                empty = false;
                return true;
            }
            const std::string_view key = name();
            skip_blanks();
            if (key.empty() || !starts("=")) {
                return false;
            }
            ++at_;
            skip_blanks();
            const char quote = at_ < text_.size() ? text_[at_] : '\0';
            if (quote != '"' && quote != '\'') {
                return false;
            }
            const std::size_t end = text_.find(quote, at_ + 1);
            if (end == std::string_view::npos) {
                return false;
            }
            std::string value;
            if (!append_text(value, text_.substr(at_ + 1, end - at_ - 1))) {
                return false;
            }
            content.set("@" + std::string(key), Value(std::move(value)));
            at_ = end + 1;
        }
    }
    bool element(Object& parent, int depth) {
        if (depth > kDepthMax || !starts("<")) {
            return false;
        }
        ++at_;
        const std::string_view tag = name();
        Object content;
        bool empty = false;
        if (tag.empty() || !attributes(content, empty)) {
            return false;
        }
        std::string text;
        if (!empty && !children(content, text, tag, depth)) {
            return false;
        }
        if (content.empty()) {
            add(parent, tag, empty ? Value() : Value(std::move(text)));
            return true;
        }
        if (!text.empty()) {
            content.set("#text", Value(std::move(text)));
        }
        add(parent, tag, Value(std::move(content)));
        return true;
    }
    /// Everything up to and including "</tag>".
    bool children(Object& content, std::string& text, std::string_view tag, int depth) {
        while (at_ < text_.size()) {
            if (starts("</")) {
                at_ += 2;
                const bool same = name() == tag;
                skip_blanks();
                if (!same || !starts(">")) {
                    return false;
                }
                ++at_;
                return true;
            }
            if (starts("<!--")) {
                if (!skip_past("-->")) {
                    return false;
                }
            } else if (starts("<![CDATA[")) {
                const std::size_t end = text_.find("]]>", at_);
                if (end == std::string_view::npos) {
                    return false;
                }
                text += text_.substr(at_ + 9, end - at_ - 9);
                at_ = end + 3;
            } else if (starts("<?")) {
                if (!skip_past("?>")) {
                    return false;
                }
            } else if (starts("<")) {
                if (!element(content, depth + 1)) {
                    return false;
                }
            } else {
                const std::size_t end = std::min(text_.find('<', at_), text_.size());
                std::string piece;
                if (!append_text(piece, text_.substr(at_, end - at_))) {
                    return false;
                }
                // Blanks between elements are layout, not content.
                const std::size_t first = piece.find_first_not_of(" \t\r\n");
                if (first != std::string::npos) {
                    const std::size_t last = piece.find_last_not_of(" \t\r\n");
                    text += piece.substr(first, last - first + 1);
                }
                at_ = end;
            }
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Result<BoundCall> bind_parse_xml(std::span<const Argument> args) {
    return bind_row("parse_xml", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view text = text_at(a, 0, row);
                        if (text.empty()) {
                            out.append_null();
                            return;
                        }
                        const auto parsed =
                            text.size() > kBytesMax ? std::nullopt : XmlReader(text).document();
                        out.append_value(parsed ? *parsed : Value(text));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"parse_xml", "parse_xml(text:string) : dynamic", "XML text as a property bag.", 1, 1,
     Naming::FirstArgument, bind_parse_xml},
};

}  // namespace

std::span<const ScalarFunction> parse_xml_functions() {
    return kFunctions;
}

}  // namespace qd::kql
