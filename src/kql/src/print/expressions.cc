// Expressions as canonical text. Levels, loosest first: 1 or, 2 and, 3 equality, 4 relational,
// 5 additive, 6 multiplicative, 7 string operators, 8 sign, 9 postfix.
#include "parse/lexer.h"
#include "print/writer.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace qd::kql {
namespace {

constexpr int kOr = 1;
constexpr int kAnd = 2;
constexpr int kEquality = 3;
constexpr int kRelational = 4;
constexpr int kAdditive = 5;
constexpr int kMultiplicative = 6;
constexpr int kString = 7;
constexpr int kSign = 8;
constexpr int kPostfix = 9;

int level_of(BinaryOp op) {
    switch (op) {
        case BinaryOp::Add:
        case BinaryOp::Subtract:
            return kAdditive;
        case BinaryOp::Multiply:
        case BinaryOp::Divide:
        case BinaryOp::Modulo:
            return kMultiplicative;
        case BinaryOp::Equal:
        case BinaryOp::NotEqual:
            return kEquality;
        case BinaryOp::Less:
        case BinaryOp::LessOrEqual:
        case BinaryOp::Greater:
        case BinaryOp::GreaterOrEqual:
            return kRelational;
        default:
            return kString;
    }
}

int level_of(const Expr& e) {
    switch (e.kind()) {
        case ExprKind::Logical:
            return e.as<Logical>().op == LogicalOp::Or ? kOr : kAnd;
        case ExprKind::Binary:
            return level_of(e.as<Binary>().op);
        case ExprKind::Between:
        case ExprKind::InList:
            return kEquality;
        case ExprKind::Unary:
            return kSign;
        case ExprKind::Conditional:
            return 0;
        default:
            return kPostfix;
    }
}

std::string shortest(double value) {
    std::array<char, 40> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    static_cast<void>(error);
    std::string text(buffer.data(), end);
    if (text.find_first_of(".e") == std::string::npos) {
        text += ".0";
    }
    return text;
}

std::string real_text(double value) {
    if (std::isnan(value)) {
        return "real(nan)";
    }
    if (std::isinf(value)) {
        return value > 0 ? "real(+inf)" : "real(-inf)";
    }
    return std::signbit(value) ? "real(" + shortest(value) + ")" : shortest(value);
}

std::string timespan_text(std::int64_t ticks) {
    struct Unit {
        std::int64_t ticks;
        std::string_view name;
    };
    constexpr std::array kUnits = {Unit{Ticks::kDay, "d"},          Unit{Ticks::kHour, "h"},
                                   Unit{Ticks::kMinute, "m"},       Unit{Ticks::kSecond, "s"},
                                   Unit{Ticks::kMillisecond, "ms"}, Unit{1, "tick"}};
    if (ticks < 0) {
        return "timespan(" + format_ticks(Ticks{ticks}) + ")";
    }
    if (ticks == 0) {
        return "0s";
    }
    for (const Unit& unit : kUnits) {
        if (ticks % unit.ticks == 0) {
            return std::to_string(ticks / unit.ticks) + std::string(unit.name);
        }
    }
    return "0s";
}

// Words that would be read as something else where a name may stand.
constexpr std::array<std::string_view, 40> kBracketed = {
    "and",           "or",       "by",      "between",  "true",      "false",
    "True",          "False",    "TRUE",    "FALSE",    "print",     "union",
    "search",        "find",     "range",   "evaluate", "bool",      "boolean",
    "int",           "int32",    "long",    "int64",    "real",      "double",
    "decimal",       "datetime", "date",    "timespan", "time",      "guid",
    "uuid",          "uniqueid", "dynamic", "typeof",   "datatable", "externaldata",
    "external_data", "project",  "where",   "matches"};

// The same in front of "(": functions that share a name with an operator need none.
bool name_needs_brackets(std::string_view text) {
    return std::find(kBracketed.begin(), kBracketed.end(), text) != kBracketed.end() ||
           !is_identifier(text);
}

}  // namespace

void Writer::name(std::string_view t) {
    if (!name_needs_brackets(t)) {
        text(t);
        return;
    }
    text("[");
    string(t);
    text("]");
}

void Writer::string(std::string_view value) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out_.push_back('"');
    for (const char c : value) {
        switch (c) {
            case '"':
                out_ += "\\\"";
                break;
            case '\\':
                out_ += "\\\\";
                break;
            case '\n':
                out_ += "\\n";
                break;
            case '\r':
                out_ += "\\r";
                break;
            case '\t':
                out_ += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out_ += "\\u00";
                    out_.push_back(kHex[static_cast<unsigned char>(c) >> 4U]);
                    out_.push_back(kHex[static_cast<unsigned char>(c) & 0xFU]);
                } else {
                    out_.push_back(c);
                }
        }
    }
    out_.push_back('"');
}

void Writer::dynamic(const Value& value) {
    if (const Array* array = value.if_array()) {
        text("[");
        bool first = true;
        for (const Value& element : *array) {
            text(first ? "" : ", ");
            first = false;
            dynamic(element);
        }
        text("]");
    } else if (const Object* object = value.if_object()) {
        text("{");
        bool first = true;
        for (const auto& [key, member] : *object) {
            text(first ? "" : ", ");
            first = false;
            string(key);
            text(": ");
            dynamic(member);
        }
        text("}");
    } else if (const std::string* s = value.if_string()) {
        string(*s);
    } else if (const double* d = value.if_double()) {
        text(std::isfinite(*d) ? shortest(*d) : real_text(*d));
    } else if (const auto* big = value.if_big_number()) {
        text(big->text);
    } else if (const auto* t = value.if_timestamp()) {
        text("datetime(" + format_timestamp(*t) + ")");
    } else if (const auto* ticks = value.if_ticks()) {
        text("timespan(" + format_ticks(*ticks) + ")");
    } else if (const auto* g = value.if_guid()) {
        text("guid(" + format_guid(*g) + ")");
    } else if (const auto* decimal = value.if_decimal()) {
        text("decimal(" + format_decimal(*decimal) + ")");
    } else {
        text(codec::to_json(value));
    }
}

void Writer::literal(const columns::Scalar& value) {
    using columns::DataType;
    if (value.type() == DataType::String) {
        string(value.bytes());
        return;
    }
    if (value.is_null()) {
        text(columns::type_name(value.type()));
        text("(null)");
        return;
    }
    switch (value.type()) {
        case DataType::Bool:
            text(value.as_bool() ? "true" : "false");
            break;
        case DataType::Int:
            text("int(" + std::to_string(value.as_int()) + ")");
            break;
        case DataType::Long:
            text(value.as_int() < 0 ? "long(" + std::to_string(value.as_int()) + ")"
                                    : std::to_string(value.as_int()));
            break;
        case DataType::Real:
            text(real_text(value.as_real()));
            break;
        case DataType::Decimal:
            text("decimal(" + format_decimal(DecimalValue{value.as_wide()}) + ")");
            break;
        case DataType::DateTime:
            text("datetime(" + format_timestamp(Timestamp{value.as_int()}) + ")");
            break;
        case DataType::TimeSpan:
            text(timespan_text(value.as_int()));
            break;
        case DataType::Guid:
            text("guid(" + format_guid(GuidValue{value.as_wide()}) + ")");
            break;
        case DataType::Dynamic:
            text("dynamic(");
            dynamic(value.to_value());
            text(")");
            break;
        case DataType::String:
            break;
    }
}

void Writer::binary(const Binary& b) {
    const int level = level_of(b.op);
    // Additive and multiplicative chains lean to the left; the others take one operator only.
    const bool chain = level == kAdditive || level == kMultiplicative;
    expr(*b.left, chain ? level : level + 1);
    text(" ");
    text(binary_op_text(b.op));
    text(" ");
    expr(*b.right, level + 1);
}

void Writer::call(const Call& c) {
    if (c.object != nullptr) {
        expr(*c.object, kPostfix);
        text(".");
    }
    if (c.name.text == "entity_group" && c.object == nullptr &&
        !(c.arguments.size() == 1 && c.arguments[0].expr->kind() == ExprKind::Literal)) {
        text("entity_group[");
        named_list(c.arguments);
        text("]");
        return;
    }
    if (c.name.text == "range") {
        text("range");  // the operator of that name takes no parenthesis
    } else {
        name(c.name.text);
    }
    if (!c.parameters.empty()) {
        text(" ");
        parameters(c.parameters);
    }
    text("(");
    for (std::size_t i = 0; i < c.arguments.size(); ++i) {
        text(i == 0 ? "" : ", ");
        const NamedExpr& argument = c.arguments[i];
        if (c.arguments.size() == 1 && argument.names.empty() &&
            argument.expr->kind() == ExprKind::Subquery) {
            nested(*argument.expr->as<Subquery>().query, "", "");
        } else {
            named(argument);
        }
    }
    text(")");
}

void Writer::expr(const Expr& e, int level) {
    const bool parens = level_of(e) < level;
    if (parens) {
        text("(");
    }
    switch (e.kind()) {
        case ExprKind::Literal:
            if (e.as<Literal>().obfuscated) {
                text("h");
            }
            literal(e.as<Literal>().value);
            break;
        case ExprKind::NameRef:
            name(e.as<NameRef>().name);
            break;
        case ExprKind::Star:
            text("*");
            break;
        case ExprKind::Wildcard:
            text(e.as<Wildcard>().pattern);
            break;
        case ExprKind::Path: {
            const Path& path = e.as<Path>();
            expr(*path.object, kPostfix);
            text(".");
            if (!path.member.text.empty() && path.member.text.back() == '*') {
                text(path.member.text);
            } else {
                name(path.member.text);
            }
            break;
        }
        case ExprKind::Element:
            expr(*e.as<Element>().object, kPostfix);
            text("[");
            expr(*e.as<Element>().index);
            text("]");
            break;
        case ExprKind::Call:
            call(e.as<Call>());
            break;
        case ExprKind::Unary:
            text(e.as<Unary>().op == UnaryOp::Minus ? "-" : "+");
            expr(*e.as<Unary>().operand, kPostfix);
            break;
        case ExprKind::Binary:
            binary(e.as<Binary>());
            break;
        case ExprKind::Logical: {
            const Logical& logical = e.as<Logical>();
            const bool is_or = logical.op == LogicalOp::Or;
            for (std::size_t i = 0; i < logical.operands.size(); ++i) {
                text(i == 0 ? "" : is_or ? " or " : " and ");
                expr(*logical.operands[i], is_or ? kAnd : kEquality);
            }
            break;
        }
        case ExprKind::Between: {
            const Between& between = e.as<Between>();
            expr(*between.subject, kRelational);
            text(between.negated ? " !between (" : " between (");
            expr(*between.low);
            text(" .. ");
            expr(*between.high);
            text(")");
            break;
        }
        case ExprKind::InList: {
            const InList& list = e.as<InList>();
            expr(*list.subject, kRelational);
            text(" ");
            text(list_op_text(list.op));
            if (list.items.size() == 1 && list.items[0]->kind() == ExprKind::Subquery) {
                text(" ");
                nested(*list.items[0]->as<Subquery>().query);
                break;
            }
            text(" (");
            expr_list(list.items);
            text(")");
            break;
        }
        case ExprKind::Subquery:
            nested(*e.as<Subquery>().query);
            break;
        case ExprKind::DataTable:
            text("datatable ");
            columns(e.as<DataTable>().columns);
            text(" [");
            expr_list(e.as<DataTable>().values);
            text("]");
            break;
        case ExprKind::ExternalData: {
            const ExternalData& data = e.as<ExternalData>();
            text("externaldata ");
            columns(data.columns);
            text(" [");
            expr_list(data.addresses);
            text("]");
            if (!data.properties.empty()) {
                text(" with ");
                properties(data.properties);
            }
            break;
        }
        case ExprKind::TypeOf: {
            const TypeOf& type = e.as<TypeOf>();
            text("typeof(");
            if (!type.tabular) {
                text(columns::type_name(type.type));
            } else {
                text(type.star ? (type.columns.empty() ? "*" : "*, ") : "");
                for (std::size_t i = 0; i < type.columns.size(); ++i) {
                    text(i == 0 ? "" : ", ");
                    column(type.columns[i]);
                }
            }
            text(")");
            break;
        }
        case ExprKind::Conditional: {
            const Conditional& c = e.as<Conditional>();
            expr(*c.condition, kOr);
            text(" ? ");
            expr(*c.if_true, kOr);
            text(" : ");
            expr(*c.if_false, kOr);
            break;
        }
        case ExprKind::Missing:
            break;
    }
    if (parens) {
        text(")");
    }
}

}  // namespace qd::kql
