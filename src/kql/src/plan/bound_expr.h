#pragma once

#include "function.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Expressions after binding: every name is a column index, every call a kernel, every type known.
namespace qd::kql {

struct BoundExpr;
using BoundPtr = std::shared_ptr<const BoundExpr>;

enum class BoundKind : std::uint8_t {
    Constant,
    Column,
    Call,       // kernel over args
    MultiPart,  // one part of a call with several results; parts share their MultiCall
    And,        // three-valued, the right side only where the left does not decide
    Or,
    Case,      // c1, v1, c2, v2, …, otherwise: each branch only for its rows
    Coalesce,  // first non-null (non-empty for strings)
    Path,      // properties and elements of a dynamic
    Cast,      // KQL conversion
    Window,    // prev(), row_number(), …: replaced by a column before execution
};

/// One step of a path: a property name, or an index that counts from the end when negative.
struct PathStep {
    std::string key;
    std::int64_t index = 0;
    bool is_index = false;
    bool operator==(const PathStep&) const = default;
};

struct MultiCall {
    std::string name;
    BoundMultiCall call;
    std::vector<BoundPtr> args;
};

enum class WindowFunction : std::uint8_t {
    RowNumber,
    RowCumsum,
    Previous,
    Next,
    RankDense,
    RankMin,
    Session,
};

struct BoundExpr {
    /// single_column of an expression without any column, and with several.
    static constexpr std::int32_t kNoColumn = -1;
    static constexpr std::int32_t kManyColumns = -2;

    BoundKind kind = BoundKind::Constant;
    DataType type = DataType::Dynamic;
    /// Its type is a guess: something that is not known yet stands behind it (a missing table, a
    /// plugin whose columns depend on rows). Type rules let it pass.
    bool unknown = false;
    bool deterministic = true;
    bool has_window = false;
    /// The one column it reads, so that it can be run once per distinct value.
    std::int32_t single_column = kNoColumn;
    std::uint32_t column = 0;
    std::uint32_t part = 0;
    WindowFunction window = WindowFunction::RowNumber;
    TextSpan span;
    Scalar constant;
    std::vector<BoundPtr> args;
    std::vector<PathStep> path;
    ScalarKernel kernel;
    std::string name;  // of the function or operator, for explain
    std::shared_ptr<const MultiCall> multi;
};

BoundPtr make_constant(Scalar value, TextSpan span = {});
BoundPtr make_column(std::size_t index, DataType type, TextSpan span = {});
/// A value of unknown type, for what could not be resolved.
BoundPtr make_unknown(TextSpan span);
/// args are cast to what the call wants.
BoundPtr make_call(std::string name, BoundCall call, std::vector<BoundPtr> args, bool deterministic,
                   TextSpan span);
BoundPtr make_multi_part(std::shared_ptr<const MultiCall> multi, std::size_t part, TextSpan span);
/// And, Or, Case, Coalesce, Window.
BoundPtr make_form(BoundKind kind, DataType type, std::vector<BoundPtr> args, TextSpan span);
BoundPtr make_window(WindowFunction function, DataType type, std::vector<BoundPtr> args,
                     TextSpan span);
/// Paths of paths become one.
BoundPtr make_path(BoundPtr base, PathStep step, TextSpan span);
/// The expression itself when it has the type already. Constants are converted at once.
BoundPtr make_cast(BoundPtr expr, DataType type);

inline bool is_constant(const BoundPtr& e) {
    return e->kind == BoundKind::Constant;
}

/// The expression with each column i replaced by column(i) (which may be any expression).
/// Shared parts stay shared.
BoundPtr substitute_columns(const BoundPtr& expr,
                            const std::function<BoundPtr(const BoundExpr&)>& column);
/// Marks in `used` each column the expression reads.
void collect_columns(const BoundExpr& expr, std::vector<bool>& used);
/// Moves each Window call, innermost first, out: returns the expression with the calls replaced
/// by columns first_column, first_column+1, … and appends the calls to `windows`. Calls nested in
/// a window call's arguments are not touched: extract those first.
BoundPtr replace_windows(const BoundPtr& expr, std::size_t first_column,
                         std::vector<BoundPtr>& windows);

/// For explain: "(a + 1)", column names from the schema.
std::string describe(const BoundExpr& expr, const columns::Schema& schema);
/// A constant as KQL text.
std::string describe_constant(const Scalar& value);

}  // namespace qd::kql
