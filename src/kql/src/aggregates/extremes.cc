// min, max, arg_min, arg_max, take_any: what a group remembers is one row.
//
// Within a chunk only the number of the winning row is kept per group; the winner's other cells
// are copied once per chunk and changed group, so arg_max(t, *) over many columns does not copy
// every row that was ahead for a moment.
//
// Order of keys: a null never beats a value, NaN beats every number; equal keys keep the row met
// first (kql.md b.24). Strings compare by code point.
#include "../constant_argument.h"
#include "cell_store.h"
#include "families.h"
#include "filtered.h"

#include <cmath>
#include <limits>
#include <utility>

namespace qd::kql {

namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Flat numbers, the common case: a tight loop over values. NaN wins over every number, for min as
// for max (recorded).
template <typename T, bool kMax>
class NumberExtreme final : public Aggregator {
  public:
    explicit NumberExtreme(DataType type) : type_(type) {}
    void resize(std::uint32_t groups) override {
        best_.resize(groups);
        seen_.resize(groups);
    }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const ColumnPtr flat = columns::flatten(args[0]);
        const auto values = flat->values<T>();
        const auto nulls = flat->nulls();
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (nulls.empty() || nulls[i] == 0) {
                offer(group_of_row[i], values[i]);
            }
        }
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<NumberExtreme&>(other);
        for (std::size_t g = 0; g < theirs.best_.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            if (theirs.seen_[g] != 0) {
                offer(mapping[g], theirs.best_[g]);
            }
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(type_, static_cast<std::uint32_t>(best_.size()));
        for (std::size_t g = 0; g < best_.size(); ++g) {
            if (seen_[g] == 0) {
                out.append_null();
            } else if constexpr (std::is_same_v<T, double>) {
                out.append_real(best_[g]);
            } else {
                out.append_int(best_[g]);
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void offer(std::uint32_t g, T v) {
        if (seen_[g] == 0) {
            seen_[g] = 1;
            best_[g] = v;
            return;
        }
        bool better = kMax ? v > best_[g] : v < best_[g];
        if constexpr (std::is_same_v<T, double>) {
            better = !std::isnan(best_[g]) && (better || std::isnan(v));
        }
        if (better) {
            best_[g] = v;
        }
    }
    DataType type_;
    std::vector<T> best_;
    std::vector<std::uint8_t> seen_;
};

bool is_nan_row(const columns::Column& column, std::uint32_t row) {
    return column.type() == DataType::Real && std::isnan(column.real_at(row));
}

enum class Pick : std::uint8_t { Min, Max, First, FirstFilled };

// Key cell and other cells of the winning row; with Pick::First there is no key.
class RowPicker final : public Aggregator {
  public:
    RowPicker(Pick pick, const std::vector<DataType>& types) : pick_(pick) {
        for (const DataType t : types) {
            cells_.emplace_back(t);
        }
    }

    void resize(std::uint32_t groups) override {
        for (CellStore& store : cells_) {
            store.resize(groups);
        }
        seen_.resize(groups);
        nan_.resize(groups);
        pending_.resize(groups, kNone);
    }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const auto rows = static_cast<std::uint32_t>(group_of_row.size());
        const bool keyed = pick_ != Pick::First;
        for (std::uint32_t row = 0; row < rows; ++row) {
            const std::uint32_t g = group_of_row[row];
            if (seen_[g] == 0 || (keyed && wins(*args[0], row, g))) {
                take(args, row, g);
            }
        }
        for (const std::uint32_t g : touched_) {
            for (std::size_t c = keyed ? 1 : 0; c < cells_.size(); ++c) {
                cells_[c].set(g, args[c], pending_[g]);
            }
            pending_[g] = kNone;
        }
        touched_.clear();
        return ok_status();
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<RowPicker&>(other);
        for (std::uint32_t g = 0; g < theirs.seen_.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            const std::uint32_t mine = mapping[g];
            if (theirs.seen_[g] == 0 || (seen_[mine] != 0 && !wins_cell(theirs, g, mine))) {
                continue;
            }
            seen_[mine] = 1;
            nan_[mine] = theirs.nan_[g];
            for (std::size_t c = 0; c < cells_.size(); ++c) {
                cells_[c].set_from(mine, theirs.cells_[c], g);
            }
        }
        return ok_status();
    }

    Result<std::vector<ColumnPtr>> finish() override {
        std::vector<ColumnPtr> out;
        for (const CellStore& store : cells_) {
            out.push_back(store.finish());
        }
        return out;
    }

  private:
    void take(std::span<const ColumnPtr> args, std::uint32_t row, std::uint32_t g) {
        seen_[g] = 1;
        if (pick_ != Pick::First) {
            cells_[0].set(g, args[0], row);  // at once: later rows compare with it
            nan_[g] = is_nan_row(*args[0], row) ? 1 : 0;
        }
        if (pending_[g] == kNone) {
            touched_.push_back(g);
        }
        pending_[g] = row;
    }

    // The group has a row already.
    bool wins(const columns::Column& key, std::uint32_t row, std::uint32_t g) const {
        if (key.is_null(row)) {
            return false;
        }
        const CellStore& best = cells_[0];
        if (pick_ == Pick::FirstFilled) {
            return empty_cell(g) && !(best.type() == DataType::String && key.bytes_at(row).empty());
        }
        if (best.is_null(g)) {
            return true;
        }
        if (nan_[g] != 0 || is_nan_row(key, row)) {
            return nan_[g] == 0;
        }
        const int order = best.compare(key, row, g);
        return pick_ == Pick::Max ? order > 0 : order < 0;
    }

    bool wins_cell(const RowPicker& theirs, std::uint32_t g, std::uint32_t mine) const {
        if (pick_ == Pick::First || theirs.cells_[0].is_null(g)) {
            return false;
        }
        if (pick_ == Pick::FirstFilled) {
            return empty_cell(mine) && !theirs.empty_cell(g);
        }
        if (cells_[0].is_null(mine)) {
            return true;
        }
        if (nan_[mine] != 0 || theirs.nan_[g] != 0) {
            return nan_[mine] == 0;
        }
        const int order = cells_[0].compare_cells(theirs.cells_[0], g, mine);
        return pick_ == Pick::Max ? order > 0 : order < 0;
    }

    bool empty_cell(std::uint32_t g) const {
        return cells_[0].is_null(g) ||
               (cells_[0].type() == DataType::String && cells_[0].empty_text(g));
    }

    Pick pick_;
    std::vector<CellStore> cells_;
    std::vector<std::uint8_t> seen_;
    std::vector<std::uint8_t> nan_;
    std::vector<std::uint32_t> pending_;  // winning row of this chunk
    std::vector<std::uint32_t> touched_;
};

std::function<std::unique_ptr<Aggregator>(const EvalContext&)> picker(Pick pick,
                                                                      std::vector<DataType> types) {
    return [pick, types = std::move(types)](const EvalContext&) {
        return std::unique_ptr<Aggregator>(std::make_unique<RowPicker>(pick, types));
    };
}

template <bool kMax, typename T>
std::function<std::unique_ptr<Aggregator>(const EvalContext&)> numbers(DataType type) {
    return [type](const EvalContext&) {
        return std::unique_ptr<Aggregator>(std::make_unique<NumberExtreme<T, kMax>>(type));
    };
}

template <bool kMax>
Result<BoundAggregate> bind_extreme(std::span<const AggregateArgument> args) {
    const DataType type = args[0].value.type;
    BoundAggregate bound;
    bound.outputs = {{"", type}};
    bound.arg_types = {type};
    switch (type) {
        case DataType::Int:
            bound.make = numbers<kMax, std::int32_t>(type);
            break;
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            bound.make = numbers<kMax, std::int64_t>(type);
            break;
        case DataType::Real:
            bound.make = numbers<kMax, double>(type);
            break;
        case DataType::Bool:
        case DataType::Decimal:
        case DataType::String:
        case DataType::Guid:
        case DataType::Dynamic:
            bound.make = picker(kMax ? Pick::Max : Pick::Min, {type});
            break;
    }
    return bound;
}

BoundAggregate row_picker(Pick pick, std::vector<columns::Field> outputs) {
    BoundAggregate bound;
    for (const columns::Field& output : outputs) {
        bound.arg_types.push_back(output.type);
    }
    bound.make = picker(pick, bound.arg_types);
    bound.outputs = outputs;
    bound.narrowed = [pick, outputs](std::span<const std::size_t> kept) {
        std::vector<columns::Field> fewer;
        for (const std::size_t i : kept) {
            fewer.push_back(outputs[i]);
        }
        return row_picker(pick, std::move(fewer));
    };
    return bound;
}

template <bool kMax>
Result<BoundAggregate> bind_arg_extreme(std::span<const AggregateArgument> args) {
    std::vector<columns::Field> outputs;
    for (const AggregateArgument& a : args) {
        outputs.push_back({a.name, a.value.type});
    }
    return row_picker(kMax ? Pick::Max : Pick::Min, std::move(outputs));
}

// The old spelling names its columns max_t and max_t_x.
template <bool kMax>
Result<BoundAggregate> bind_old_arg_extreme(std::span<const AggregateArgument> args) {
    QD_TRY(BoundAggregate bound, bind_arg_extreme<kMax>(args));
    const std::string key = std::string(kMax ? "max_" : "min_") + args[0].name;
    for (std::size_t i = 1; i < bound.outputs.size(); ++i) {
        bound.outputs[i].name = key + "_" + args[i].name;
    }
    bound.outputs[0].name = key;
    return bound;
}

// One column: a filled value where the group has one. Several: the first row, whole.
Result<BoundAggregate> bind_take_any(std::span<const AggregateArgument> args) {
    std::vector<columns::Field> outputs;
    for (const AggregateArgument& a : args) {
        outputs.push_back({args.size() == 1 ? std::string() : a.name, a.value.type});
    }
    BoundAggregate bound =
        row_picker(args.size() == 1 ? Pick::FirstFilled : Pick::First, std::move(outputs));
    if (args.size() == 1) {
        bound.narrowed = nullptr;
    }
    return bound;
}

Result<BoundAggregate> bind_any(std::span<const AggregateArgument> args) {
    QD_TRY(BoundAggregate bound, bind_take_any(args));
    for (std::size_t i = 0; i < args.size() && args.size() > 1; ++i) {
        bound.outputs[i].name = "any_" + args[i].name;
    }
    return bound;
}

constexpr AggregateFunction kExtremes[] = {
    {"min", "min(x) : typeof(x)", "Least value, null when there is none.", 1, 1, "min",
     bind_extreme<false>},
    {"minif", "minif(x, predicate:bool) : typeof(x)",
     "Least value over the rows where the predicate is true.", 2, 2, "minif",
     bind_if<bind_extreme<false>, 1>},
    {"max", "max(x) : typeof(x)", "Greatest value, null when there is none.", 1, 1, "max",
     bind_extreme<true>},
    {"maxif", "maxif(x, predicate:bool) : typeof(x)",
     "Greatest value over the rows where the predicate is true.", 2, 2, "maxif",
     bind_if<bind_extreme<true>, 1>},
    {"arg_max", "arg_max(key, * | column, …)",
     "The row with the greatest key: the key, then the named columns.", 1, 255, "",
     bind_arg_extreme<true>},
    {"arg_min", "arg_min(key, * | column, …)",
     "The row with the least key: the key, then the named columns.", 1, 255, "",
     bind_arg_extreme<false>},
    {"argmax", "argmax(key, * | column, …)", "Old spelling of arg_max.", 1, 255, "max",
     bind_old_arg_extreme<true>},
    {"argmin", "argmin(key, * | column, …)", "Old spelling of arg_min.", 1, 255, "min",
     bind_old_arg_extreme<false>},
    {"take_any", "take_any(* | column, …)",
     "Any row's values; a value that is not empty where one column is asked for.", 1, 255, "",
     bind_take_any},
    {"take_anyif", "take_anyif(x, predicate:bool) : typeof(x)",
     "Any value over the rows where the predicate is true.", 2, 2, "", bind_if<bind_take_any, 1>},
    {"any", "any(* | column, …)", "Old spelling of take_any.", 1, 255, "any", bind_any},
    {"anyif", "anyif(x, predicate:bool) : typeof(x)", "Old spelling of take_anyif.", 2, 2, "anyif",
     bind_if<bind_take_any, 1>},
};

}  // namespace

std::span<const AggregateFunction> extreme_aggregates() {
    return kExtremes;
}

}  // namespace qd::kql
