#include "exec/join_range.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace qd::kql {

namespace {

enum class Side : std::uint8_t { Neither, Left, Right, Both };

class RangeFinder {
  public:
    explicit RangeFinder(const JoinOp& op) : op_(op) {}

    std::optional<JoinRange> result() && {
        return found_ ? std::optional(std::move(range_)) : std::nullopt;
    }

    void look_at(const BoundExpr& e) {
        if (e.kind != BoundKind::Call) {
            return;
        }
        if (e.name == "between" && e.args.size() == 3) {
            add(e.args[0], e.args[1], true);
            add(e.args[0], e.args[2], false);
        } else if (e.name == ">=" || e.name == ">") {
            add(e.args[0], e.args[1], true);
            add(e.args[1], e.args[0], false);
        } else if (e.name == "<=" || e.name == "<") {
            add(e.args[0], e.args[1], false);
            add(e.args[1], e.args[0], true);
        }
    }

  private:
    Side side_of(const BoundExpr& e) const {
        std::vector<bool> used(op_.left_output.size() + op_.right_output.size());
        collect_columns(e, used);
        const auto middle = used.begin() + static_cast<std::ptrdiff_t>(op_.left_output.size());
        const bool left = std::find(used.begin(), middle, true) != middle;
        const bool right = std::find(middle, used.end(), true) != used.end();
        return left && right ? Side::Both : left ? Side::Left : right ? Side::Right : Side::Neither;
    }

    /// column >= border, or <=: an open border is taken as closed, which only lets more pass.
    void add(const BoundPtr& column, const BoundPtr& border, bool is_low) {
        const bool ordered = column->type == DataType::Long || column->type == DataType::DateTime ||
                             column->type == DataType::TimeSpan;
        if (column->kind != BoundKind::Column || column->column < op_.left_output.size() ||
            !ordered || border->type != column->type || !border->deterministic) {
            return;
        }
        const Side side = side_of(*border);
        if (side != Side::Left && side != Side::Neither) {
            return;
        }
        const std::size_t right = op_.right_output[column->column - op_.left_output.size()];
        BoundPtr& place = is_low ? range_.low : range_.high;
        if ((found_ && range_.right_column != right) || place) {
            return;
        }
        place = substitute_columns(border, [&](const BoundExpr& e) {
            return make_column(op_.left_output[e.column], e.type, e.span);
        });
        range_.right_column = right;
        found_ = true;
    }

    const JoinOp& op_;
    JoinRange range_;
    bool found_ = false;
};

}  // namespace

std::optional<JoinRange> find_range(const JoinOp& op, const std::vector<BoundPtr>& conjuncts) {
    RangeFinder finder(op);
    for (const BoundPtr& conjunct : conjuncts) {
        finder.look_at(*conjunct);
    }
    return std::move(finder).result();
}

}  // namespace qd::kql
