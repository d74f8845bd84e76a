// What of a filter a source can use to skip rows.
//
// A text test tells a source which letters and digits must be in the text: those of the needle when
// it has nothing else (a term of its own for `has`), its longest run of them otherwise.
#include "plan/pruning.h"

#include <algorithm>
#include <array>
#include <optional>

namespace qd::kql {

namespace {

using Op = PruningPredicate::Op;

std::optional<Op> comparison(std::string_view name, bool flipped) {
    if (name == "==") {
        return Op::Equal;
    }
    if (name == "<") {
        return flipped ? Op::Greater : Op::Less;
    }
    if (name == "<=") {
        return flipped ? Op::GreaterOrEqual : Op::LessOrEqual;
    }
    if (name == ">") {
        return flipped ? Op::Less : Op::Greater;
    }
    if (name == ">=") {
        return flipped ? Op::LessOrEqual : Op::GreaterOrEqual;
    }
    return std::nullopt;
}

bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string_view longest_run(std::string_view text) {
    std::string_view best;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && is_plain(text[end])) {
            ++end;
        }
        if (end - at > best.size()) {
            best = text.substr(at, end - at);
        }
        at = end + 1;
    }
    return best;
}

/// Tests that hold only for texts that hold the needle.
constexpr std::array<std::string_view, 13> kTextTests = {
    "has",         "has_cs",        "contains",  "contains_cs",  "startswith",
    "endswith",    "hasprefix",     "hassuffix", "hasprefix_cs", "hassuffix_cs",
    "endswith_cs", "startswith_cs", "=="};

/// The column whose text is tested: a string column, or a dynamic one turned into text.
const BoundExpr* text_column(const BoundExpr& e) {
    if (e.kind == BoundKind::Column) {
        return e.type == DataType::String ? &e : nullptr;
    }
    const bool cast = e.kind == BoundKind::Cast && e.type == DataType::String &&
                      e.args[0]->kind == BoundKind::Column && e.args[0]->type == DataType::Dynamic;
    return cast ? e.args[0].get() : nullptr;
}

std::optional<PruningPredicate> text_hint(const std::string& column, std::string_view test,
                                          const Scalar& needle) {
    if (needle.type() != DataType::String ||
        std::find(kTextTests.begin(), kTextTests.end(), test) == kTextTests.end()) {
        return std::nullopt;
    }
    const std::string_view text = needle.bytes();
    const std::string_view run = longest_run(text);
    if (run.empty()) {
        return std::nullopt;
    }
    const bool term = run.size() == text.size() && (test == "has" || test == "has_cs");
    return PruningPredicate{.column = column,
                            .op = term ? Op::HasTerm : Op::HasText,
                            .value = Scalar::of_string(std::string(run))};
}

}  // namespace

void add_pruning(const columns::Schema& schema, const BoundExpr& conjunct,
                 std::vector<PruningPredicate>& pruning) {
    if (conjunct.kind != BoundKind::Call) {
        return;
    }
    const std::vector<BoundPtr>& args = conjunct.args;
    if (conjunct.name == "between" && args.size() == 3 && args[0]->kind == BoundKind::Column &&
        is_constant(args[1]) && is_constant(args[2]) && args[1]->type == args[0]->type &&
        args[2]->type == args[0]->type && !args[1]->constant.is_null() &&
        !args[2]->constant.is_null()) {
        const std::string& name = schema[args[0]->column].name;
        pruning.push_back({.column = name, .op = Op::GreaterOrEqual, .value = args[1]->constant});
        pruning.push_back({.column = name, .op = Op::LessOrEqual, .value = args[2]->constant});
        return;
    }
    if (args.size() != 2) {
        return;
    }
    const bool flipped = is_constant(args[0]);
    const BoundPtr& column = args[flipped ? 1 : 0];
    const BoundPtr& value = args[flipped ? 0 : 1];
    if (!is_constant(value) || value->constant.is_null()) {
        return;
    }
    const auto op = comparison(conjunct.name, flipped);
    if (op && column->kind == BoundKind::Column && value->type == column->type &&
        column->type != DataType::Dynamic) {
        pruning.push_back(
            {.column = schema[column->column].name, .op = *op, .value = value->constant});
    }
    const BoundExpr* text = text_column(*column);
    if (text != nullptr && (!flipped || conjunct.name == "==")) {
        const std::string& name = schema[text->column].name;
        if (auto hint = text_hint(name, conjunct.name, value->constant)) {
            pruning.push_back(std::move(*hint));
        }
    }
}

bool implies(const PruningPredicate& predicate, const columns::Schema& schema,
             const BoundExpr& conjunct) {
    // A source proves an equality of texts only: byte for byte, as the operator compares.
    const std::string_view name =
        predicate.op == Op::HasTerm                                               ? "has"
        : predicate.op == Op::HasText                                             ? "contains"
        : predicate.op == Op::Equal && predicate.value.type() == DataType::String ? "=="
                                                                                  : "";
    if (name.empty() || conjunct.kind != BoundKind::Call || conjunct.name != name ||
        conjunct.args.size() != 2 || !is_constant(conjunct.args[1])) {
        return false;
    }
    const BoundExpr* text = text_column(*conjunct.args[0]);
    return text != nullptr && schema[text->column].name == predicate.column &&
           conjunct.args[1]->constant == predicate.value;
}

}  // namespace qd::kql
