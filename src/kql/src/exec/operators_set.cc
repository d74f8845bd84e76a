// in, in~, has_any, has_all.
//
// Constant lists are prepared once: numbers and times in a hash set of 64-bit keys, texts in a hash
// set of (folded) texts, terms as matchers. A list may hold constants, dynamic arrays, or values
// that differ from row to row. A null value is in no list. Source: kql.md b.4, b.9.
#include "exec/operators.h"
#include "exec/rows.h"
#include "exec/term_match.h"
#include "qd/columns/compare.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <unordered_set>

namespace qd::kql {

namespace {

using columns::VariantView;

/// The scalars of a list item: itself, or the elements of a dynamic array.
void append_items(const Scalar& item, std::vector<Scalar>& out) {
    if (item.type() != DataType::Dynamic) {
        out.push_back(item);
        return;
    }
    const VariantView v(item.is_null() ? std::string_view() : std::string_view(item.bytes()));
    if (v.kind() == VariantView::Kind::Array) {
        for (std::uint32_t i = 0; i < v.size(); ++i) {
            out.push_back(Scalar::of_variant(std::string(v.element(i).bytes())));
        }
    } else if (v.kind() == VariantView::Kind::Object) {
        for (std::uint32_t i = 0; i < v.size(); ++i) {
            out.push_back(Scalar::of_string(std::string(v.key(i))));
        }
    } else if (!v.is_null()) {
        out.push_back(item);
    }
}

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// A prepared list of one type.
class ValueSet {
  public:
    ValueSet(DataType type, bool fold, const std::vector<Scalar>& items)
        : type_(type), fold_(fold) {
        for (const Scalar& raw : items) {
            const Scalar item = cast_scalar(raw, type);
            if (item.is_null()) {
                continue;
            }
            if (type == DataType::String) {
                texts_.insert(fold ? fold_text(item.bytes()) : item.bytes());
            } else if (type == DataType::Real) {
                reals_.push_back(item.as_real());
            } else if (type == DataType::Guid) {
                wides_.push_back(item.as_wide());
            } else if (type == DataType::Bool) {
                integers_.insert(item.as_bool() ? 1 : 0);
            } else if (type == DataType::Decimal) {
                others_.push_back(columns::Column::make_constant(item, 1));
            } else {
                integers_.insert(item.as_int());
            }
        }
        std::sort(reals_.begin(), reals_.end());
    }

    ColumnPtr test(const ColumnPtr& column, std::uint32_t rows, bool negated) const {
        FixedOut<std::uint8_t> out(rows);
        std::uint8_t* values = out.values();
        const auto run = [&](const auto& in, const auto& contains) {
            for (std::uint32_t i = 0; i < rows; ++i) {
                const bool found = !in.null(i) && contains(in.value(i));
                values[i] = found != negated ? 1 : 0;
            }
        };
        switch (type_) {
            case DataType::Bool:
                run(FixedRows<std::uint8_t>(column),
                    [&](std::uint8_t v) { return integers_.contains(v != 0 ? 1 : 0); });
                break;
            case DataType::Int:
                run(FixedRows<std::int32_t>(column),
                    [&](std::int32_t v) { return integers_.contains(v); });
                break;
            case DataType::Long:
            case DataType::DateTime:
            case DataType::TimeSpan:
                run(FixedRows<std::int64_t>(column),
                    [&](std::int64_t v) { return integers_.contains(v); });
                break;
            case DataType::Real:
                run(FixedRows<double>(column),
                    [&](double v) { return std::binary_search(reals_.begin(), reals_.end(), v); });
                break;
            case DataType::Guid:
                run(FixedRows<Wide>(column), [&](const Wide& v) {
                    return std::find(wides_.begin(), wides_.end(), v) != wides_.end();
                });
                break;
            case DataType::String:
            case DataType::Dynamic:
                run(BytesRows(column), [&](std::string_view v) {
                    return fold_ ? texts_.contains(fold_text(v)) : texts_.find(v) != texts_.end();
                });
                break;
            case DataType::Decimal:
                for (std::uint32_t i = 0; i < rows; ++i) {
                    bool found = false;
                    for (const ColumnPtr& other : others_) {
                        found = found ||
                                (!column->is_null(i) && columns::equal_rows(*column, i, *other, 0));
                    }
                    values[i] = found != negated ? 1 : 0;
                }
                break;
        }
        return out.finish(DataType::Bool);
    }

  private:
    DataType type_;
    bool fold_;
    TextSet texts_;
    std::unordered_set<std::int64_t> integers_;
    std::vector<double> reals_;
    std::vector<Wide> wides_;
    std::vector<ColumnPtr> others_;
};

/// has_any / has_all over prepared terms.
class TermSet {
  public:
    TermSet(bool all, const std::vector<Scalar>& items) : all_(all) {
        for (const Scalar& item : items) {
            matchers_.emplace_back(TextTest::Has, cast_scalar(item, DataType::String).bytes(),
                                   false);
        }
    }
    bool matches(std::string_view text) const {
        for (const TextMatcher& m : matchers_) {
            if (m.matches(text) != all_) {
                return !all_;
            }
        }
        return all_;
    }

  private:
    bool all_;
    std::vector<TextMatcher> matchers_;
};

/// The type the value and all items are compared in.
DataType list_type(DataType subject, const std::vector<Scalar>& items, bool text_only) {
    if (text_only) {
        return DataType::String;
    }
    if (subject == DataType::Dynamic) {
        for (const Scalar& item : items) {
            if (item.type() != DataType::Dynamic) {
                return item.type() == DataType::Int ? DataType::Long : item.type();
            }
        }
        return DataType::String;
    }
    if (!columns::is_numeric(subject)) {
        return subject;
    }
    DataType type = subject;
    for (const Scalar& item : items) {
        if (columns::is_numeric(item.type())) {
            type = widen_types(type, item.type());
        } else if (item.type() == DataType::Dynamic &&
                   VariantView(item.bytes()).kind() == VariantView::Kind::Real) {
            type = widen_types(type, DataType::Real);
        }
    }
    return type;
}

bool comparable(DataType subject, DataType item) {
    using enum DataType;
    if (subject == Dynamic || item == Dynamic || subject == item) {
        return true;
    }
    if (columns::is_numeric(subject) && columns::is_numeric(item)) {
        return true;
    }
    if (subject == String || item == String) {
        return subject != DateTime && subject != TimeSpan && item != DateTime && item != TimeSpan;
    }
    return (subject == Bool && columns::is_numeric(item)) ||
           (item == Bool && columns::is_numeric(subject));
}

struct SetOperator {
    bool negated = false;
    bool fold = false;
    bool terms = false;
    bool all = false;
};

SetOperator parse_set_operator(std::string_view op) {
    SetOperator out;
    out.negated = op[0] == '!';
    out.fold = op.back() == '~';
    out.terms = op == "has_any" || op == "has_all";
    out.all = op == "has_all";
    return out;
}

/// Lists that vary: the items of each row are gathered and prepared again when they change.
ScalarKernel varying_list(SetOperator op, DataType subject) {
    return [op, subject](const EvalContext&, std::span<const ColumnPtr> args,
                         std::uint32_t rows) -> Result<ColumnPtr> {
        FixedOut<std::uint8_t> out(rows);
        const ColumnPtr text = op.terms ? cast_column(args[0], DataType::String) : args[0];
        for (std::uint32_t i = 0; i < rows; ++i) {
            std::vector<Scalar> items;
            for (std::size_t a = 1; a < args.size(); ++a) {
                append_items(args[a]->scalar_at(i), items);
            }
            if (op.terms) {
                const TermSet set(op.all, items);
                out.set(i, set.matches(text->bytes_at(i)) != op.negated ? 1 : 0);
                continue;
            }
            const DataType type = list_type(subject, items, op.fold);
            const ValueSet set(type, op.fold, items);
            const ColumnPtr one =
                columns::Column::make_constant(cast_scalar(args[0]->scalar_at(i), type), 1);
            out.set(i, set.test(columns::flatten(one), 1, op.negated)->int_at(0) != 0 ? 1 : 0);
        }
        return out.finish(DataType::Bool);
    };
}

}  // namespace

bool is_set_operator(std::string_view op) {
    return op == "in" || op == "!in" || op == "in~" || op == "!in~" || op == "has_any" ||
           op == "has_all";
}

Result<BoundCall> bind_set_operator(std::string_view op, std::span<const Argument> args) {
    const SetOperator kind = parse_set_operator(op);
    const DataType subject = args[0].type;
    const bool text_needed = kind.terms || kind.fold;
    if (text_needed && subject != DataType::String && subject != DataType::Dynamic) {
        return semantic_error("SEM0025",
                              "Operator '" + std::string(op) + "' needs text, not " +
                                  std::string(columns::type_name(subject)),
                              args[0].span);
    }
    bool constant = true;
    std::vector<Scalar> items;
    for (std::size_t i = 1; i < args.size(); ++i) {
        if (!comparable(subject, args[i].type)) {
            return semantic_error("SEM0064",
                                  "Operator '" + std::string(op) + "' cannot compare " +
                                      std::string(columns::type_name(subject)) + " with " +
                                      std::string(columns::type_name(args[i].type)),
                                  args[i].span);
        }
        if (args[i].constant == nullptr) {
            constant = false;
        } else {
            append_items(*args[i].constant, items);
        }
    }
    BoundCall call;
    call.type = DataType::Bool;
    if (!constant) {
        call.kernel = varying_list(kind, subject);
        return call;
    }
    if (kind.terms) {
        call.arg_types = {DataType::String};
        auto set = std::make_shared<const TermSet>(kind.all, items);
        const bool negated = kind.negated;
        call.kernel = [set, negated](const EvalContext&, std::span<const ColumnPtr> in,
                                     std::uint32_t rows) -> Result<ColumnPtr> {
            const BytesRows text(in[0]);
            FixedOut<std::uint8_t> out(rows);
            for (std::uint32_t i = 0; i < rows; ++i) {
                out.set(i, set->matches(text.value(i)) != negated ? 1 : 0);
            }
            return out.finish(DataType::Bool);
        };
        return call;
    }
    const DataType type = list_type(subject, items, kind.fold);
    call.arg_types = {type};
    auto set = std::make_shared<const ValueSet>(type, kind.fold, items);
    const bool negated = kind.negated;
    call.kernel = [set, negated](const EvalContext&, std::span<const ColumnPtr> in,
                                 std::uint32_t rows) -> Result<ColumnPtr> {
        return set->test(in[0], rows, negated);
    };
    return call;
}

Result<BoundCall> bind_element(std::span<const Argument> args) {
    if (args[0].type != DataType::Dynamic) {
        return semantic_error("SEM0063",
                              "Only a dynamic value has elements, not " +
                                  std::string(columns::type_name(args[0].type)),
                              args[0].span);
    }
    BoundCall call;
    call.type = DataType::Dynamic;
    call.kernel = [](const EvalContext&, std::span<const ColumnPtr> in,
                     std::uint32_t rows) -> Result<ColumnPtr> {
        columns::ColumnBuilder out(DataType::Dynamic, rows);
        const BytesRows bags(in[0]);
        for (std::uint32_t i = 0; i < rows; ++i) {
            const Scalar key = in[1]->scalar_at(i);
            if (bags.null(i) || key.is_null()) {
                out.append_null();
                continue;
            }
            const VariantView bag(bags.value(i));
            VariantView found;
            if (key.type() == DataType::String) {
                found = bag.property(key.bytes());
            } else if (key.type() == DataType::Dynamic) {
                const VariantView k(key.bytes());
                found = k.kind() == VariantView::Kind::String ? bag.property(k.as_string())
                        : k.kind() == VariantView::Kind::Long ? bag.element_from(k.as_int())
                                                              : VariantView();
            } else {
                found = bag.element_from(cast_scalar(key, DataType::Long).as_int());
            }
            if (found.is_null()) {
                out.append_null();
            } else {
                out.append_bytes(found.bytes());
            }
        }
        return out.finish();
    };
    return call;
}

}  // namespace qd::kql
