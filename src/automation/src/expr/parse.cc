#include "expr/function.h"
#include "expr/node.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

// The template language of workflow definitions. A string is literal text, one whole expression
// ("@f(x)", which keeps its type), or text with interpolations ("a @{f(x)} b", always a string).
// "@@" at the start makes the whole rest literal; "@@{" inside text is a literal "@{".
//
//   expression = literal | call { access }
//   call       = name "(" [ expression { "," expression } ] ")"
//   access     = [ "?" ] ( "." name | "[" expression "]" )
//   literal    = 'text with '' quotes' | integer | float | true | false | null
//
// There are no operators, and only calls can be followed by accesses. A plain recursive descent
// with a bounded depth; unknown function names parse (they fail when evaluated, because lazy
// functions never evaluate a dead branch).

namespace qd::automation::expr {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_name_char(char c) {
    return !is_space(c) && std::string_view(".,(){}@[]?'").find(c) == std::string_view::npos;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Parser {
  public:
    Parser(std::string_view text, std::size_t position) : text_(text), position_(position) {}

    std::size_t position() const { return position_; }

    Result<Node> expression(std::size_t depth) {
        if (depth > kCallDepthMax) {
            return fail("the expression is nested too deeply");
        }
        skip_space();
        if (at_end()) {
            return fail("an expression is missing");
        }
        const char c = peek();
        if (c == '\'') {
            return string_literal();
        }
        if (is_digit(c) || c == '+' || c == '-' ||
            (c == '.' && position_ + 1 < text_.size() && is_digit(text_[position_ + 1]))) {
            return number();
        }
        const std::string_view name = take_name();
        if (name.empty()) {
            return fail("an expression cannot start here");
        }
        skip_space();
        if (!at_end() && peek() == '(') {
            return call_with_accesses(name, depth);
        }
        Node literal;
        if (name == "null") {
            return literal;
        }
        if (name == "true" || name == "false") {
            literal.value = Value(name == "true");
            return literal;
        }
        return fail("a name must be a call with parentheses: " + std::string(name));
    }

    void skip_space() {
        while (!at_end() && is_space(peek())) {
            ++position_;
        }
    }
    bool at_end() const { return position_ >= text_.size(); }
    char peek() const { return text_[position_]; }
    bool take(char c) {
        if (at_end() || peek() != c) {
            return false;
        }
        ++position_;
        return true;
    }
    Error fail(std::string message) const {
        return Error(Code::InvalidArgument, "AUT0201",
                     std::move(message) + ", at character " + std::to_string(position_))
            .with_span({static_cast<std::uint32_t>(position_), 1});
    }

  private:
    std::string_view take_name() {
        const std::size_t begin = position_;
        while (!at_end() && is_name_char(peek())) {
            ++position_;
        }
        return text_.substr(begin, position_ - begin);
    }

    Result<Node> string_literal() {
        ++position_;
        std::string out;
        while (!at_end()) {
            const char c = text_[position_++];
            if (c != '\'') {
                out += c;
            } else if (!take('\'')) {
                Node node;
                node.value = Value(std::move(out));
                return node;
            } else {
                out += '\'';
            }
        }
        return fail("a text is not closed");
    }

    Result<Node> number() {
        const std::size_t begin = position_;
        bool is_float = false;
        bool digits = false;
        if (peek() == '+' || peek() == '-') {
            ++position_;
        }
        const auto take_digits = [&] {
            const std::size_t from = position_;
            while (!at_end() && is_digit(peek())) {
                ++position_;
            }
            return position_ > from;
        };
        digits = take_digits();
        if (take('.')) {
            is_float = true;
            digits = take_digits() || digits;
        }
        if (!digits) {
            return fail("a number has no digits");
        }
        if (take('e') || take('E')) {
            is_float = true;
            if (!take('+')) {
                take('-');
            }
            if (!take_digits()) {
                return fail("a number's exponent has no digits");
            }
        }
        if (!at_end() && (is_name_char(peek()) || peek() == '.')) {
            return fail("a number ends wrongly");
        }
        std::string_view digits_text = text_.substr(begin, position_ - begin);
        if (digits_text.front() == '+') {
            digits_text.remove_prefix(1);
        }
        Node node;
        if (is_float) {
            node.value = Value(std::strtod(std::string(digits_text).c_str(), nullptr));
            return node;
        }
        std::int64_t integer = 0;
        const auto [end, error] =
            std::from_chars(digits_text.data(), digits_text.data() + digits_text.size(), integer);
        if (error != std::errc{}) {
            return fail("an integer does not fit in 64 bits");
        }
        node.value = Value(integer);
        return node;
    }

    Result<Node> call_with_accesses(std::string_view name, std::size_t depth) {
        Node node;
        node.kind = Node::Kind::Call;
        node.name = std::string(name);
        node.function = find_function(name);
        ++position_;
        skip_space();
        if (!take(')')) {
            while (true) {
                QD_TRY(Node argument, expression(depth + 1));
                node.children.push_back(std::move(argument));
                skip_space();
                if (take(')')) {
                    break;
                }
                if (!take(',')) {
                    return fail("a comma or a closing parenthesis is missing");
                }
            }
        }
        return accesses(std::move(node), depth);
    }

    Result<Node> accesses(Node node, std::size_t depth) {
        for (std::size_t count = 0;; ++count) {
            const std::size_t before = position_;
            skip_space();
            const bool safe = take('?');
            Node key;
            if (take('.')) {
                skip_space();
                const std::string_view name = take_name();
                if (name.empty()) {
                    return fail("a property name is missing");
                }
                key.value = Value(name);
            } else if (take('[')) {
                QD_TRY(key, expression(depth + 1));
                skip_space();
                if (!take(']')) {
                    return fail("a closing bracket is missing");
                }
            } else if (safe) {
                return fail("a property or an index must follow the question mark");
            } else {
                position_ = before;
                return node;
            }
            if (count >= kTemplateDepthMax) {
                return fail("too many accesses in a row");
            }
            Node access;
            access.kind = Node::Kind::Access;
            access.safe = safe;
            access.children.push_back(std::move(node));
            access.children.push_back(std::move(key));
            node = std::move(access);
        }
    }

    std::string_view text_;
    std::size_t position_;
};

Node literal_text(std::string text) {
    Node node;
    node.value = Value(std::move(text));
    return node;
}

Result<Node> parse_interpolated(std::string_view text) {
    Node out;
    out.kind = Node::Kind::Interpolate;
    std::string literal;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text.substr(i, 3) == "@@{") {
            literal += "@{";
            i += 3;
        } else if (text.substr(i, 2) == "@{") {
            Parser parser(text, i + 2);
            QD_TRY(Node inner, parser.expression(0));
            parser.skip_space();
            if (!parser.take('}')) {
                return parser.fail("a closing brace is missing");
            }
            if (parser.position() - i > kExpressionCharsMax) {
                return parser.fail("an expression is longer than 8192 characters");
            }
            if (!literal.empty()) {
                out.children.push_back(literal_text(std::move(literal)));
                literal.clear();
            }
            out.children.push_back(std::move(inner));
            i = parser.position();
        } else {
            literal += text[i++];
        }
    }
    if (out.children.empty()) {
        return literal_text(std::move(literal));
    }
    if (!literal.empty()) {
        out.children.push_back(literal_text(std::move(literal)));
    }
    return out;
}

bool is_literal(const Node& node) {
    return node.kind == Node::Kind::Literal;
}

Error condition_error(std::string message) {
    return Error(Code::InvalidArgument, "AUT0201", std::move(message));
}

}  // namespace

Result<Node> parse_template(std::string_view text) {
    if (text.size() < 2 || text[0] != '@') {
        return parse_interpolated(text);
    }
    if (text[1] == '@') {
        return literal_text(std::string(text.substr(1)));
    }
    if (text[1] == '{') {
        return parse_interpolated(text);
    }
    Parser parser(text, 1);
    QD_TRY(Node node, parser.expression(0));
    parser.skip_space();
    if (!parser.at_end()) {
        return parser.fail("text follows the expression");
    }
    if (text.size() > kExpressionCharsMax) {
        return parser.fail("an expression is longer than 8192 characters");
    }
    return node;
}

Result<Node> parse_value(const Value& value, std::size_t depth) {
    if (depth > kTemplateDepthMax) {
        return condition_error("the value is nested too deeply");
    }
    if (const auto* text = value.if_string()) {
        return parse_template(*text);
    }
    Node out;
    bool all_literal = true;
    if (const auto* array = value.if_array()) {
        out.kind = Node::Kind::Array;
        for (const Value& element : *array) {
            QD_TRY(Node child, parse_value(element, depth + 1));
            all_literal = all_literal && is_literal(child);
            out.children.push_back(std::move(child));
        }
    } else if (const auto* object = value.if_object()) {
        out.kind = Node::Kind::Object;
        for (const auto& [key, element] : *object) {
            QD_TRY(Node key_node, parse_template(key));
            QD_TRY(Node child, parse_value(element, depth + 1));
            all_literal = all_literal && is_literal(key_node) && is_literal(child);
            out.children.push_back(std::move(key_node));
            out.children.push_back(std::move(child));
        }
    } else {
        out.value = value;
        return out;
    }
    if (!all_literal) {
        return out;
    }
    // Constant trees collapse into one literal, so that evaluating them is one copy.
    Node literal;
    if (out.kind == Node::Kind::Array) {
        Array array;
        for (Node& child : out.children) {
            array.push_back(std::move(child.value));
        }
        literal.value = Value(std::move(array));
    } else {
        Object object;
        for (std::size_t i = 0; i + 1 < out.children.size(); i += 2) {
            object.set(std::string(out.children[i].value.string_or({})),
                       std::move(out.children[i + 1].value));
        }
        literal.value = Value(std::move(object));
    }
    return literal;
}

Result<Node> parse_condition(const Value& value, std::size_t depth) {
    if (depth > kCallDepthMax) {
        return condition_error("the condition is nested too deeply");
    }
    const auto* object = value.if_object();
    if (object == nullptr) {
        if (value.if_array() != nullptr) {
            return condition_error("a condition cannot contain an array literal");
        }
        return parse_value(value, 0);
    }
    if (object->empty()) {
        Node yes;
        yes.value = Value(true);
        return yes;
    }
    if (object->size() != 1) {
        return condition_error("a condition object must have exactly one function");
    }
    const auto& [name, arguments] = *object->begin();
    if (name.find('@') != std::string::npos) {
        return condition_error("a condition's function name cannot be an expression: " + name);
    }
    Node call;
    call.kind = Node::Kind::Call;
    call.name = name;
    call.function = find_function(name);
    if (const auto* list = arguments.if_array()) {
        for (const Value& argument : *list) {
            QD_TRY(Node child, parse_condition(argument, depth + 1));
            call.children.push_back(std::move(child));
        }
    } else {
        QD_TRY(Node child, parse_condition(arguments, depth + 1));
        call.children.push_back(std::move(child));
    }
    return call;
}

}  // namespace qd::automation::expr
