// Random tables and random pipelines of the twin, each step written as KQL and carried out here.
#include "twin/twin.h"

#include <algorithm>
#include <limits>

namespace qd::kql::twin {

namespace {

constexpr std::int64_t kEpoch = 637'134'336'000'000'000;  // 2020-01-01
constexpr DataType kTypes[] = {DataType::Bool,   DataType::Long,     DataType::Real,
                               DataType::String, DataType::DateTime, DataType::TimeSpan};

Cell random_cell(Random& random, DataType type) {
    if (type != DataType::String && below(random, 6) == 0) {
        return null_of(type);
    }
    static const std::vector<std::string> words = {
        "", "alpha", "Alpha", "beta gamma", "svc_one", "one.two/3", "42", "007", "zeta", "gamma"};
    switch (type) {
        case DataType::Bool:
            return of_bool(below(random, 2) == 0);
        case DataType::Long:
            if (below(random, 20) == 0) {
                return of_long(below(random, 2) == 0
                                   ? std::numeric_limits<std::int64_t>::max()
                                   : std::numeric_limits<std::int64_t>::min() + 1);
            }
            return of_long(static_cast<std::int64_t>(below(random, 41)) - 20);
        case DataType::Real: {
            const std::uint64_t special = below(random, 24);
            if (special < 3) {
                return of_real(special == 0   ? std::numeric_limits<double>::quiet_NaN()
                               : special == 1 ? std::numeric_limits<double>::infinity()
                                              : -0.0);
            }
            return of_real((static_cast<double>(below(random, 200)) - 100) / 8);  // exact sums
        }
        case DataType::String:
            return of_text(words[below(random, words.size())]);
        case DataType::DateTime:
            return of_ticks(
                type, kEpoch + static_cast<std::int64_t>(below(random, 200'000)) * 10'000'000);
        default:
            return of_ticks(type,
                            (static_cast<std::int64_t>(below(random, 2'000)) - 1'000) * 10'000'000);
    }
}

std::vector<std::size_t> columns_of(const std::vector<Column>& columns, DataType type) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].type == type) {
            out.push_back(i);
        }
    }
    return out;
}

ExpressionPtr leaf(Random& random, const std::vector<Column>& columns, DataType type) {
    auto out = std::make_shared<Expression>();
    out->type = type;
    const std::vector<std::size_t> fitting = columns_of(columns, type);
    if (fitting.empty() || below(random, 4) == 0) {
        out->is_literal = true;
        out->literal = random_cell(random, type);
    } else {
        out->column = fitting[below(random, fitting.size())];
    }
    return out;
}

bool equal_rows(const Row& a, const Row& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

/// One random step after another over a query in the making.
class Pipeline {
  public:
    Pipeline(Random& random, const Rows& t, const Rows& u) : random_(random), other_(u) {
        query_.text = "T";
        query_.answer = t;
    }

    Query make() {
        const std::uint64_t steps = 1 + below(random_, 4);
        for (std::uint64_t i = 0; i < steps; ++i) {
            step();
        }
        return std::move(query_);
    }

  private:
    using Step = void (Pipeline::*)();

    void step() {
        static constexpr Step kSteps[] = {
            &Pipeline::where,   &Pipeline::where,      &Pipeline::extend,    &Pipeline::extend,
            &Pipeline::project, &Pipeline::summarize,  &Pipeline::summarize, &Pipeline::distinct,
            &Pipeline::join,    &Pipeline::union_self, &Pipeline::top,       &Pipeline::count};
        (this->*kSteps[below(random_, std::size(kSteps))])();
    }
    std::vector<Column>& columns() { return query_.answer.columns; }
    std::vector<Row>& rows() { return query_.answer.rows; }
    ExpressionPtr expression(DataType type) {
        return random_expression(random_, columns(), type, 3);
    }
    DataType some_type() { return kTypes[below(random_, std::size(kTypes))]; }
    std::string fresh() { return "c" + std::to_string(names_++); }

    void where() {
        const ExpressionPtr condition = expression(DataType::Bool);
        query_.text += "\n| where " + print(*condition, columns());
        std::erase_if(rows(), [&](const Row& row) {
            const Cell cell = evaluate(*condition, row);
            return cell.null || cell.integer == 0;
        });
    }

    void extend() {
        const ExpressionPtr value = expression(some_type());
        const std::string name = fresh();
        query_.text += "\n| extend " + name + " = " + print(*value, columns());
        for (Row& row : rows()) {
            row.push_back(evaluate(*value, row));
        }
        columns().push_back({name, value->type});
    }

    void project() {
        std::vector<ExpressionPtr> values;
        std::vector<Column> made;
        std::string text;
        const std::uint64_t count = 2 + below(random_, 4);
        for (std::uint64_t i = 0; i < count; ++i) {
            values.push_back(expression(some_type()));
            made.push_back({fresh(), values.back()->type});
            text +=
                (i == 0 ? "" : ", ") + made.back().name + " = " + print(*values.back(), columns());
        }
        query_.text += "\n| project " + text;
        for (Row& row : rows()) {
            Row out;
            for (const ExpressionPtr& value : values) {
                out.push_back(evaluate(*value, row));
            }
            row = std::move(out);
        }
        columns() = std::move(made);
    }

    struct Made {
        std::vector<Column> columns;
        std::string text;
        std::vector<ExpressionPtr> values;
    };
    Made keys(std::uint64_t count) {
        Made out;
        for (std::uint64_t i = 0; i < count; ++i) {
            out.values.push_back(random_expression(random_, columns(), some_type(), 1));
            out.columns.push_back({fresh(), out.values.back()->type});
            out.text += (i == 0 ? "" : ", ") + out.columns.back().name + " = " +
                        print(*out.values.back(), columns());
        }
        return out;
    }

    struct Group {
        Row key;
        std::vector<const Row*> rows;
    };
    std::vector<Group> groups(const Made& by) {
        std::vector<Group> out;
        for (const Row& row : rows()) {
            Row key;
            for (const ExpressionPtr& value : by.values) {
                key.push_back(evaluate(*value, row));
            }
            auto found = std::find_if(out.begin(), out.end(), [&](const Group& group) {
                return equal_rows(group.key, key);
            });
            if (found == out.end()) {
                out.push_back({key, {}});
                found = out.end() - 1;
            }
            found->rows.push_back(&row);
        }
        if (by.values.empty() && out.empty()) {
            out.push_back({});
        }
        return out;
    }

    void summarize() {
        const Made by = keys(below(random_, 3));
        std::vector<Row> answer;
        const std::vector<Group> all = groups(by);
        for (const Group& group : all) {
            answer.push_back(group.key);
        }
        std::vector<Column> made = by.columns;
        std::string text;
        const std::uint64_t count = 1 + below(random_, 3);
        for (std::uint64_t i = 0; i < count; ++i) {
            const Aggregate& aggregate = aggregates()[below(random_, aggregates().size())];
            std::vector<ExpressionPtr> arguments;
            for (const DataType type : aggregate.arguments) {
                arguments.push_back(random_expression(random_, columns(), type, 1));
            }
            made.push_back({fresh(), aggregate.result});
            text +=
                (i == 0 ? "" : ", ") + made.back().name + " = " + call_text(aggregate, arguments);
            for (std::size_t g = 0; g < all.size(); ++g) {
                std::vector<Row> values;
                for (const Row* row : all[g].rows) {
                    Row cells;
                    for (const ExpressionPtr& argument : arguments) {
                        cells.push_back(evaluate(*argument, *row));
                    }
                    values.push_back(std::move(cells));
                }
                answer[g].push_back(aggregate.evaluate(values));
            }
        }
        query_.text += "\n| summarize " + text + (by.values.empty() ? "" : " by " + by.text);
        query_.answer = {std::move(made), std::move(answer)};
        query_.ordered = false;
    }

    std::string call_text(const Aggregate& aggregate, const std::vector<ExpressionPtr>& arguments) {
        std::string out;
        for (std::size_t i = 0; i < aggregate.pattern.size(); ++i) {
            if (aggregate.pattern[i] != '{') {
                out += aggregate.pattern[i];
                continue;
            }
            const auto at = static_cast<std::size_t>(aggregate.pattern[i + 1] - '0');
            out += print(*arguments[at], columns());
            i += 2;
        }
        return out;
    }

    void distinct() {
        std::vector<std::size_t> kept;
        std::string text;
        std::vector<Column> made;
        const std::uint64_t count = 1 + below(random_, 2);
        for (std::size_t c = 0; c < columns().size() && kept.size() < count; ++c) {
            if (below(random_, 2) == 0 || c + 1 == columns().size()) {
                kept.push_back(c);
                made.push_back(columns()[c]);
                text += (text.empty() ? "" : ", ") + columns()[c].name;
            }
        }
        std::vector<Row> answer;
        for (const Row& row : rows()) {
            Row cut;
            for (const std::size_t c : kept) {
                cut.push_back(row[c]);
            }
            if (std::none_of(answer.begin(), answer.end(),
                             [&](const Row& known) { return equal_rows(known, cut); })) {
                answer.push_back(std::move(cut));
            }
        }
        query_.text += "\n| distinct " + text;
        query_.answer = {std::move(made), std::move(answer)};
        query_.ordered = false;
    }

    /// Every column is a key, so that the order is total.
    void top() {
        std::string text;
        std::vector<bool> descending;
        for (const Column& column : columns()) {
            descending.push_back(below(random_, 2) == 0);
            text +=
                (text.empty() ? "" : ", ") + column.name + (descending.back() ? " desc" : " asc");
        }
        query_.text += "\n| sort by " + text;
        std::stable_sort(rows().begin(), rows().end(), [&](const Row& a, const Row& b) {
            for (std::size_t c = 0; c < a.size(); ++c) {
                const int compared = order(a[c], b[c]);
                if (compared != 0) {
                    return descending[c] ? compared > 0 : compared < 0;
                }
            }
            return false;
        });
        query_.ordered = true;
        if (below(random_, 2) == 0) {
            const std::uint64_t count = below(random_, 20);
            query_.text += "\n| take " + std::to_string(count);
            rows().resize(std::min<std::size_t>(rows().size(), count));
        }
    }

    void count() {
        query_.text += "\n| count";
        const auto n = static_cast<std::int64_t>(rows().size());
        query_.answer = {{{"Count", DataType::Long}}, {{of_long(n)}}};
        query_.ordered = false;
    }

    void union_self() {
        std::string names;
        for (const Column& column : columns()) {
            names += (names.empty() ? "" : ", ") + column.name;
        }
        if (nested_) {
            return;  // a let inside a let's body is another matter
        }
        query_.text = "let Q = view () { " + query_.text + "\n};\nunion (Q() | project " + names +
                      "), (Q() | project " + names + ")";
        nested_ = true;
        const std::vector<Row> again = rows();
        rows().insert(rows().end(), again.begin(), again.end());
        query_.ordered = false;
    }

    void join() {
        static constexpr std::string_view kKinds[] = {"inner",     "leftouter", "rightouter",
                                                      "fullouter", "leftsemi",  "leftanti",
                                                      "rightsemi", "rightanti"};
        const DataType type = below(random_, 2) == 0 ? DataType::String : DataType::Long;
        const std::vector<std::size_t> left_keys = columns_of(columns(), type);
        if (left_keys.empty() || rows().size() > 400 || columns().size() > 12) {
            return where();
        }
        const std::size_t left_key = left_keys[below(random_, left_keys.size())];
        const std::vector<std::size_t> right_keys = columns_of(other_.columns, type);
        const std::size_t right_key = right_keys[below(random_, right_keys.size())];
        const std::string_view kind = kKinds[below(random_, std::size(kKinds))];
        std::string renamed;
        std::vector<Column> right;
        for (const Column& column : other_.columns) {
            right.push_back({fresh(), column.type});
            renamed += (renamed.empty() ? "" : ", ") + right.back().name + " = " + column.name;
        }
        query_.text += "\n| join kind=" + std::string(kind) + " (U | project " + renamed +
                       ") on $left." + columns()[left_key].name + " == $right." +
                       right[right_key].name;
        join_rows(kind, left_key, right_key, right);
        query_.ordered = false;
    }

    static Row padding(const std::vector<Column>& columns) {
        Row out;
        for (const Column& column : columns) {
            out.push_back(null_of(column.type));
        }
        return out;
    }
    static Row concatenated(Row a, const Row& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    }

    void join_rows(std::string_view kind, std::size_t left_key, std::size_t right_key,
                   const std::vector<Column>& right) {
        std::vector<bool> left_met(rows().size());
        std::vector<bool> right_met(other_.rows.size());
        std::vector<Row> pairs;
        for (std::size_t l = 0; l < rows().size(); ++l) {
            for (std::size_t r = 0; r < other_.rows.size(); ++r) {
                if (same(rows()[l][left_key], other_.rows[r][right_key])) {
                    left_met[l] = right_met[r] = true;
                    pairs.push_back(concatenated(rows()[l], other_.rows[r]));
                }
            }
        }
        const bool left_only = kind.starts_with("left") && kind != "leftouter";
        const bool right_only = kind.starts_with("right") && kind != "rightouter";
        std::vector<Row> answer;
        if (left_only) {
            for (std::size_t l = 0; l < rows().size(); ++l) {
                if (left_met[l] == (kind == "leftsemi")) {
                    answer.push_back(rows()[l]);
                }
            }
        } else if (right_only) {
            for (std::size_t r = 0; r < other_.rows.size(); ++r) {
                if (right_met[r] == (kind == "rightsemi")) {
                    answer.push_back(other_.rows[r]);
                }
            }
        } else {
            answer = std::move(pairs);
            for (std::size_t l = 0; l < rows().size(); ++l) {
                if (!left_met[l] && (kind == "leftouter" || kind == "fullouter")) {
                    answer.push_back(concatenated(rows()[l], padding(right)));
                }
            }
            for (std::size_t r = 0; r < other_.rows.size(); ++r) {
                if (!right_met[r] && (kind == "rightouter" || kind == "fullouter")) {
                    answer.push_back(concatenated(padding(columns()), other_.rows[r]));
                }
            }
        }
        rows() = std::move(answer);
        if (right_only) {
            columns() = right;
        } else if (!left_only) {
            columns().insert(columns().end(), right.begin(), right.end());
        }
    }

    Random& random_;
    const Rows& other_;
    Query query_;
    bool nested_ = false;
    int names_ = 0;
};

}  // namespace

Rows random_table(Random& random, std::uint64_t rows_max) {
    Rows out;
    out.columns = {{"id", DataType::Long},   {"b", DataType::Bool},   {"l", DataType::Long},
                   {"r", DataType::Real},    {"s", DataType::String}, {"t", DataType::DateTime},
                   {"d", DataType::TimeSpan}};
    const std::uint64_t count = below(random, rows_max + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
        Row row = {of_long(static_cast<std::int64_t>(i))};
        for (std::size_t c = 1; c < out.columns.size(); ++c) {
            row.push_back(random_cell(random, out.columns[c].type));
        }
        out.rows.push_back(std::move(row));
    }
    return out;
}

ExpressionPtr random_expression(Random& random, const std::vector<Column>& columns, DataType type,
                                int depth) {
    if (depth == 0 || below(random, 4) == 0) {
        return leaf(random, columns, type);
    }
    std::vector<const Operation*> fitting;
    for (const Operation& operation : operations()) {
        if (operation.result == type) {
            fitting.push_back(&operation);
        }
    }
    auto out = std::make_shared<Expression>();
    out->type = type;
    out->operation = fitting[below(random, fitting.size())];
    for (const DataType argument : out->operation->arguments) {
        out->arguments.push_back(random_expression(random, columns, argument, depth - 1));
    }
    return out;
}

Query random_query(Random& random, const Rows& t, const Rows& u) {
    return Pipeline(random, t, u).make();
}

}  // namespace qd::kql::twin
