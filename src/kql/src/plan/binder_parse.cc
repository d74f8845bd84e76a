// parse, parse-where, parse-kv.
#include "plan/binder.h"
#include "plan/binder_parts.h"

namespace qd::kql {

PlanPtr Binder::bind_parse(const Operator& op, const Parse& parse, PlanPtr input) {
    auto result = make_op<ParseOp>({input}, {}, input->serialized);
    if (const OperatorParameter* kind = op.parameter("kind")) {
        const std::string_view word = parameter_word(*kind);
        result->mode = word == "regex"     ? ParseOp::Mode::Regex
                       : word == "relaxed" ? ParseOp::Mode::Relaxed
                                           : ParseOp::Mode::Simple;
    }
    if (const OperatorParameter* flags = op.parameter("flags")) {
        result->flags = std::string(parameter_word(*flags));
    }
    result->drop_failed = parse.filter;
    BoundPtr source = over(input, [&] { return bind_expr(*parse.source); });
    if (source->type != DataType::String && source->type != DataType::Dynamic && !source->unknown) {
        report("SEM0025", "KS107",
               operator_text() + "Only a text can be parsed, not " +
                   std::string(columns::type_name(source->type)),
               parse.source->span);
    }
    result->source = make_cast(std::move(source), DataType::String);
    OutputColumns out;
    out.schema = input->schema;
    const Parse::Piece* before = nullptr;
    for (const Parse::Piece& piece : parse.pattern) {
        if (before != nullptr && before->kind == Parse::Piece::Kind::Column &&
            piece.kind == Parse::Piece::Kind::Column &&
            before->type.value_or(DataType::String) == DataType::String) {
            report("SEM0044", "",
                   operator_text() + "A text capture must be followed by a text: '" +
                       before->column.text + "'",
                   before->span);
        }
        before = &piece;
        ParsePiece bound;
        switch (piece.kind) {
            case Parse::Piece::Kind::Star:
                bound.kind = ParsePiece::Kind::Star;
                break;
            case Parse::Piece::Kind::Text:
                bound.kind = ParsePiece::Kind::Literal;
                bound.literal = piece.text;
                break;
            case Parse::Piece::Kind::Column: {
                bound.kind = ParsePiece::Kind::Column;
                bound.type = piece.type.value_or(DataType::String);
                const auto index = out.schema.index_of(piece.column.text);
                if (index) {
                    bound.column = *index;
                    out.schema.fields[*index].type = bound.type;
                } else {
                    bound.column = out.schema.size();
                    out.schema.fields.push_back({piece.column.text, bound.type});
                }
                break;
            }
        }
        result->pieces.push_back(std::move(bound));
    }
    result->schema = std::move(out.schema);
    return result;
}

PlanPtr Binder::bind_parse_kv(const ParseKv& parse, PlanPtr input) {
    auto result = make_op<ParseKvOp>({input}, {}, input->serialized);
    BoundPtr source = over(input, [&] { return bind_expr(*parse.source); });
    result->source = make_cast(std::move(source), DataType::String);
    OutputColumns out;
    out.schema = input->schema;
    for (const ColumnDeclaration& column : parse.columns) {
        ParseKvOp::Key key;
        key.key = column.name.text;
        key.type = column.type;
        const auto index = out.schema.index_of(column.name.text);
        if (index) {
            key.column = *index;
            out.schema.fields[*index].type = column.type;
        } else {
            key.column = out.schema.size();
            out.schema.fields.push_back({column.name.text, column.type});
        }
        result->keys.push_back(std::move(key));
    }
    result->schema = std::move(out.schema);
    const auto defaults = [&] {
        if (result->pair_delimiter.empty() != result->kv_delimiter.empty()) {
            (result->pair_delimiter.empty() ? result->pair_delimiter : result->kv_delimiter) =
                result->pair_delimiter.empty() ? " " : "=";
        }
    };
    for (const OperatorParameter& property : parse.properties) {
        const std::string& name = property.name.text;
        const ScopeGuard guard(*this, nullptr);
        if (name == "greedy") {
            const auto flag = bind_constant(*property.value, DataType::Bool);
            result->greedy = flag && !flag->is_null() && flag->as_bool();
            continue;
        }
        // quote may be a list: ('"', "'") or ("<", ">").
        std::vector<std::string> values;
        if (const auto* list = property.value->if_as<Call>(); list && list->name.text == "list") {
            for (const NamedExpr& item : list->arguments) {
                values.push_back(constant_string(*item.expr).value_or(""));
            }
        } else {
            values.push_back(constant_string(*property.value).value_or(""));
        }
        const std::string& value = values[0];
        if (name == "pair_delimiter") {
            result->pair_delimiter = value;
        } else if (name == "kv_delimiter") {
            result->kv_delimiter = value;
        } else if (name == "escape") {
            result->escape = value;
        } else if (name == "quote") {
            if (values.size() == 2) {
                result->quotes.emplace_back(values[0], values[1]);
            } else if (value.size() == 2 && value[0] != value[1]) {
                result->quotes.emplace_back(value.substr(0, 1), value.substr(1));
            } else {
                for (const std::string& quote : values) {
                    result->quotes.emplace_back(quote, quote);
                }
            }
        } else {
            report("SEM0012", "", "parse-kv: unknown property '" + name + "'", property.span);
        }
    }
    defaults();
    return result;
}

}  // namespace qd::kql
