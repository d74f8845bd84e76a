#include "plan/bound_expr.h"

#include "qd/columns/text.h"

#include <unordered_map>

namespace qd::kql {

namespace {

void derive_from_args(BoundExpr& e, const std::vector<BoundPtr>& args) {
    for (const BoundPtr& arg : args) {
        e.deterministic = e.deterministic && arg->deterministic;
        e.has_window = e.has_window || arg->has_window;
        e.unknown = e.unknown || arg->unknown;
        if (arg->single_column == BoundExpr::kNoColumn) {
            continue;
        }
        if (e.single_column == BoundExpr::kNoColumn) {
            e.single_column = arg->single_column;
        } else if (e.single_column != arg->single_column) {
            e.single_column = BoundExpr::kManyColumns;
        }
    }
}

}  // namespace

BoundPtr make_constant(Scalar value, TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Constant;
    e->type = value.type();
    e->constant = std::move(value);
    e->span = span;
    return e;
}

BoundPtr make_column(std::size_t index, DataType type, TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Column;
    e->type = type;
    e->column = static_cast<std::uint32_t>(index);
    e->single_column = static_cast<std::int32_t>(index);
    e->span = span;
    return e;
}

BoundPtr make_unknown(TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Constant;
    e->type = DataType::Dynamic;
    e->constant = Scalar::null_of(DataType::Dynamic);
    e->unknown = true;
    e->span = span;
    return e;
}

BoundPtr make_call(std::string name, BoundCall call, std::vector<BoundPtr> args, bool deterministic,
                   TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Call;
    e->type = call.type;
    e->deterministic = deterministic;
    for (std::size_t i = 0; i < args.size() && i < call.arg_types.size(); ++i) {
        args[i] = make_cast(args[i], call.arg_types[i]);
    }
    derive_from_args(*e, args);
    e->args = std::move(args);
    e->kernel = std::move(call.kernel);
    e->name = std::move(name);
    e->span = span;
    return e;
}

BoundPtr make_multi_part(std::shared_ptr<const MultiCall> multi, std::size_t part, TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::MultiPart;
    e->type = multi->call.parts[part].type;
    e->part = static_cast<std::uint32_t>(part);
    derive_from_args(*e, multi->args);
    e->name = multi->name;
    e->multi = std::move(multi);
    e->span = span;
    return e;
}

BoundPtr make_form(BoundKind kind, DataType type, std::vector<BoundPtr> args, TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = kind;
    e->type = type;
    derive_from_args(*e, args);
    e->args = std::move(args);
    e->span = span;
    return e;
}

BoundPtr make_window(WindowFunction function, DataType type, std::vector<BoundPtr> args,
                     TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Window;
    e->type = type;
    derive_from_args(*e, args);
    e->has_window = true;
    e->deterministic = false;  // depends on the neighbours
    e->single_column = BoundExpr::kManyColumns;
    e->window = function;
    e->args = std::move(args);
    e->span = span;
    return e;
}

BoundPtr make_path(BoundPtr base, PathStep step, TextSpan span) {
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Path;
    e->type = DataType::Dynamic;
    e->span = span;
    if (base->kind == BoundKind::Path) {
        e->path = base->path;
        base = base->args[0];
    }
    e->path.push_back(std::move(step));
    e->args = {make_cast(std::move(base), DataType::Dynamic)};
    derive_from_args(*e, e->args);
    return e;
}

BoundPtr make_cast(BoundPtr expr, DataType type) {
    if (expr->type == type) {
        return expr;
    }
    if (expr->kind == BoundKind::Constant) {
        auto e = std::make_shared<BoundExpr>(*expr);
        e->constant = cast_scalar(expr->constant, type);
        e->type = type;
        return e;
    }
    auto e = std::make_shared<BoundExpr>();
    e->kind = BoundKind::Cast;
    e->type = type;
    e->span = expr->span;
    e->args = {std::move(expr)};
    derive_from_args(*e, e->args);
    return e;
}

namespace {

/// Rebuilds an expression bottom-up. Memoised, because lets make expressions share parts.
class Rewriter {
  public:
    explicit Rewriter(std::function<BoundPtr(const BoundPtr&)> leaf) : leaf_(std::move(leaf)) {}

    BoundPtr rewrite(const BoundPtr& expr) {
        if (auto it = done_.find(expr.get()); it != done_.end()) {
            return it->second;
        }
        BoundPtr out = rebuild(expr);
        done_.emplace(expr.get(), out);
        return out;
    }

  private:
    BoundPtr rebuild(const BoundPtr& expr) {
        if (BoundPtr replaced = leaf_(expr)) {
            return replaced;
        }
        if (expr->kind == BoundKind::MultiPart) {
            auto& multi = multis_[expr->multi.get()];
            if (!multi) {
                auto copy = std::make_shared<MultiCall>(*expr->multi);
                for (BoundPtr& arg : copy->args) {
                    arg = rewrite(arg);
                }
                multi = std::move(copy);
            }
            return make_multi_part(multi, expr->part, expr->span);
        }
        if (expr->args.empty()) {
            return expr;
        }
        auto copy = std::make_shared<BoundExpr>(*expr);
        bool args_deterministic = true;
        for (const BoundPtr& arg : expr->args) {
            args_deterministic = args_deterministic && arg->deterministic;
        }
        const bool own = expr->deterministic || !args_deterministic;
        for (BoundPtr& arg : copy->args) {
            arg = rewrite(arg);
        }
        if (expr->kind != BoundKind::Window) {
            copy->single_column = BoundExpr::kNoColumn;
            copy->has_window = false;
            copy->deterministic = own;
            copy->unknown = false;
        }
        derive_from_args(*copy, copy->args);
        return copy;
    }

    std::function<BoundPtr(const BoundPtr&)> leaf_;
    std::unordered_map<const BoundExpr*, BoundPtr> done_;
    std::unordered_map<const MultiCall*, std::shared_ptr<const MultiCall>> multis_;
};

}  // namespace

BoundPtr substitute_columns(const BoundPtr& expr,
                            const std::function<BoundPtr(const BoundExpr&)>& column) {
    Rewriter rewriter([&](const BoundPtr& e) -> BoundPtr {
        return e->kind == BoundKind::Column ? column(*e) : nullptr;
    });
    return rewriter.rewrite(expr);
}

void collect_columns(const BoundExpr& expr, std::vector<bool>& used) {
    if (expr.single_column == BoundExpr::kNoColumn && expr.kind != BoundKind::Window) {
        return;
    }
    if (expr.kind == BoundKind::Column) {
        if (used.size() <= expr.column) {
            used.resize(expr.column + 1);
        }
        used[expr.column] = true;
        return;
    }
    for (const BoundPtr& arg : expr.args) {
        collect_columns(*arg, used);
    }
    if (expr.multi) {
        for (const BoundPtr& arg : expr.multi->args) {
            collect_columns(*arg, used);
        }
    }
}

BoundPtr replace_windows(const BoundPtr& expr, std::size_t first_column,
                         std::vector<BoundPtr>& windows) {
    Rewriter rewriter([&](const BoundPtr& e) -> BoundPtr {
        if (e->kind != BoundKind::Window) {
            return nullptr;
        }
        for (const BoundPtr& arg : e->args) {
            if (arg->has_window) {
                return nullptr;  // its arguments go first
            }
        }
        windows.push_back(e);
        return make_column(first_column + windows.size() - 1, e->type, e->span);
    });
    return rewriter.rewrite(expr);
}

namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

std::string joined(const std::vector<BoundPtr>& args, const columns::Schema& schema,
                   std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (i > 0) {
            out += separator;
        }
        out += describe(*args[i], schema);
    }
    return out;
}

bool is_operator_name(std::string_view name) {
    return !name.empty() && (std::string_view("=!<>+-*/%").find(name[0]) != std::string_view::npos);
}

std::string_view window_name(WindowFunction f) {
    switch (f) {
        case WindowFunction::RowNumber:
            return "row_number";
        case WindowFunction::RowCumsum:
            return "row_cumsum";
        case WindowFunction::Previous:
            return "prev";
        case WindowFunction::Next:
            return "next";
        case WindowFunction::RankDense:
            return "row_rank_dense";
        case WindowFunction::RankMin:
            return "row_rank_min";
        case WindowFunction::Session:
            return "row_window_session";
    }
    return "";
}

}  // namespace

std::string describe_constant(const Scalar& value) {
    if (value.type() == DataType::String) {
        return quoted(value.bytes());
    }
    const std::string type(columns::type_name(value.type()));
    if (value.is_null()) {
        return type + "(null)";
    }
    switch (value.type()) {
        case DataType::Long:
        case DataType::Real:
            return columns::to_text(value);
        case DataType::Bool:
            return value.as_bool() ? "true" : "false";
        case DataType::Int:
        case DataType::Decimal:
        case DataType::String:
        case DataType::DateTime:
        case DataType::TimeSpan:
        case DataType::Guid:
        case DataType::Dynamic:
            break;
    }
    return type + "(" + columns::to_text(value) + ")";
}

std::string describe(const BoundExpr& expr, const columns::Schema& schema) {
    switch (expr.kind) {
        case BoundKind::Constant:
            return describe_constant(expr.constant);
        case BoundKind::Column:
            return expr.column < schema.size() ? schema[expr.column].name
                                               : "#" + std::to_string(expr.column);
        case BoundKind::Call:
            if (expr.args.size() == 2 && is_operator_name(expr.name)) {
                return "(" + joined(expr.args, schema, " " + expr.name + " ") + ")";
            }
            return expr.name + "(" + joined(expr.args, schema, ", ") + ")";
        case BoundKind::MultiPart:
            return expr.name + "(" + joined(expr.multi->args, schema, ", ") + ")." +
                   expr.multi->call.parts[expr.part].name;
        case BoundKind::And:
            return "(" + joined(expr.args, schema, " and ") + ")";
        case BoundKind::Or:
            return "(" + joined(expr.args, schema, " or ") + ")";
        case BoundKind::Case:
            return "case(" + joined(expr.args, schema, ", ") + ")";
        case BoundKind::Coalesce:
            return "coalesce(" + joined(expr.args, schema, ", ") + ")";
        case BoundKind::Path: {
            std::string out = describe(*expr.args[0], schema);
            for (const PathStep& step : expr.path) {
                if (step.is_index) {
                    out += "[" + std::to_string(step.index) + "]";
                } else {
                    out += "." + step.key;
                }
            }
            return out;
        }
        case BoundKind::Cast:
            return "to" + std::string(columns::type_name(expr.type)) + "(" +
                   describe(*expr.args[0], schema) + ")";
        case BoundKind::Window:
            return std::string(window_name(expr.window)) + "(" + joined(expr.args, schema, ", ") +
                   ")";
    }
    return "";
}

}  // namespace qd::kql
