// mv-expand, mv-apply, partition: rows made out of arrays, and subqueries per row or per key.
#include "exec/expand.h"

#include "exec/grouper.h"
#include "exec/rows.h"
#include "exec/stream_sinks.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

namespace qd::kql {

using columns::Chunk;
using columns::Table;
using columns::VariantView;
using Kind = columns::VariantView::Kind;

namespace {

constexpr std::size_t kCellBytes = 9;

/// Number of rows a value expands to.
std::uint32_t expanded_rows(const VariantView& v) {
    if (v.kind() == Kind::Array || v.kind() == Kind::Object) {
        return v.size();
    }
    return 1;  // null and scalars
}

/// `to typeof()`: the JSON type must fit; texts are read only for types JSON has no form of. A real
/// is cut to a whole number for long (the cloud engine's recorded answers of
/// `baseline to typeof(long)` are).
Scalar fit(const VariantView& v, DataType type) {
    const Kind kind = v.kind();
    switch (type) {
        case DataType::Bool:
            return kind == Kind::Bool ? Scalar::of_bool(v.as_bool()) : Scalar::null_of(type);
        case DataType::Int:
        case DataType::Long:
            if (kind == Kind::Long || kind == Kind::Real) {
                return cast_scalar(Scalar::of_variant(std::string(v.bytes())), type);
            }
            return Scalar::null_of(type);
        case DataType::Real:
        case DataType::Decimal:
            if (kind == Kind::Long || kind == Kind::Real || kind == Kind::Decimal ||
                kind == Kind::BigNumber) {
                return cast_scalar(Scalar::of_variant(std::string(v.bytes())), type);
            }
            // JSON writes the numbers it has no form of as text.
            if (kind == Kind::String && (v.as_string() == "NaN" || v.as_string() == "Infinity" ||
                                         v.as_string() == "-Infinity")) {
                return cast_scalar(Scalar::of_string(std::string(v.as_string())), type);
            }
            return Scalar::null_of(type);
        case DataType::String:
        case DataType::DateTime:
        case DataType::TimeSpan:
        case DataType::Guid:
            if (kind == Kind::String) {
                return cast_scalar(Scalar::of_string(std::string(v.as_string())), type);
            }
            if (type != DataType::String && (kind == Kind::Long || kind == Kind::Real)) {
                return Scalar::null_of(type);
            }
            return cast_scalar(Scalar::of_variant(std::string(v.bytes())), type);
        case DataType::Dynamic:
            break;
    }
    return Scalar::of_variant(std::string(v.bytes()));
}

/// The common cases of fit() without a Scalar between; false when it is none of them.
bool append_plain(columns::ColumnBuilder& out, const VariantView& v, DataType type) {
    const Kind kind = v.kind();
    if ((type == DataType::Long && kind == Kind::Long) ||
        (type == DataType::DateTime && kind == Kind::DateTime) ||
        (type == DataType::TimeSpan && kind == Kind::TimeSpan)) {
        out.append_int(v.as_int());
        return true;
    }
    if (type == DataType::Real && kind == Kind::Real) {
        out.append_real(v.as_real());
        return true;
    }
    if (type == DataType::String && kind == Kind::String) {
        out.append_bytes(v.as_string());
        return true;
    }
    return false;
}

/// A row's other cells stand beside each of its elements. Long ones, arrays that are not expanded
/// above all, are not copied for each of them: the rows share them through a dictionary.
ColumnPtr repeat(const ColumnPtr& column, const std::vector<std::uint32_t>& rows) {
    const bool bytes = column->type() == DataType::String || column->type() == DataType::Dynamic;
    if (bytes && column->layout() == columns::Layout::Flat) {
        return columns::Column::make_dictionary(column, rows);
    }
    return columns::gather(column, rows);
}

void append_element(columns::ColumnBuilder& out, const VariantView& v, std::uint32_t index,
                    const ExpandItem& item, bool bag_as_array) {
    VariantView element;
    std::string made;
    if (v.kind() == Kind::Array) {
        element = v.element(index);
    } else if (v.kind() == Kind::Object) {
        Value value = v.property_at(index).to_value();
        std::string key(v.key(index));
        if (bag_as_array) {
            made = columns::encode_variant(Value(Array{Value(std::move(key)), std::move(value)}));
        } else {
            Object bag;
            bag.append(std::move(key), std::move(value));
            made = columns::encode_variant(Value(std::move(bag)));
        }
        element = VariantView(made);
    } else {
        element = v;
    }
    if (element.is_null()) {
        out.append_null();
    } else if (item.type == DataType::Dynamic) {
        out.append_bytes(element.bytes());
    } else if (!append_plain(out, element, item.type)) {
        out.append(fit(element, item.type));
    }
}

/// Rows that each row of the chunk becomes: as many as its longest array has elements.
std::vector<std::uint32_t> row_counts(const std::vector<ColumnPtr>& sources, std::uint32_t rows,
                                      std::uint64_t limit) {
    std::vector<std::uint32_t> counts(rows, 0);
    for (const ColumnPtr& source : sources) {
        const BytesRows reader(source);
        for (std::uint32_t row = 0; row < rows; ++row) {
            const VariantView v(reader.null(row) ? std::string_view() : reader.value(row));
            counts[row] = std::max(counts[row], expanded_rows(v));
        }
    }
    for (std::uint32_t& count : counts) {
        count = limit > 0 && count > limit ? static_cast<std::uint32_t>(limit) : count;
    }
    return counts;
}

ColumnPtr expand_elements(const ColumnPtr& source, const std::vector<std::uint32_t>& counts,
                          const ExpandItem& item, bool bag_as_array) {
    const BytesRows reader(source);
    columns::ColumnBuilder out(item.type);
    for (std::uint32_t row = 0; row < counts.size(); ++row) {
        const VariantView v(reader.null(row) ? std::string_view() : reader.value(row));
        const std::uint32_t own = expanded_rows(v);
        for (std::uint32_t i = 0; i < counts[row]; ++i) {
            if (i < own) {
                append_element(out, v, i, item, bag_as_array);
            } else {
                out.append_null();
            }
        }
    }
    return out.finish();
}

/// Types whose values are the eight bytes behind a cell's tag.
bool has_cells(DataType type) {
    return type == DataType::Long || type == DataType::Real || type == DataType::DateTime ||
           type == DataType::TimeSpan;
}

Kind kind_of(DataType type) {
    return type == DataType::Long       ? Kind::Long
           : type == DataType::Real     ? Kind::Real
           : type == DataType::DateTime ? Kind::DateTime
                                        : Kind::TimeSpan;
}

/// Series: arrays of cells (variant.h) are copied straight into a column; anything else goes the
/// way of expand_elements.
ColumnPtr expand_cells(const ColumnPtr& source, const std::vector<std::uint32_t>& counts,
                       std::uint32_t rows, const ExpandItem& item, bool bag_as_array) {
    const BytesRows reader(source);
    const Kind wanted = kind_of(item.type);
    FixedOut<std::int64_t> out(rows);
    std::uint32_t at = 0;
    const auto put = [&](const VariantView& element) {
        if (element.kind() == wanted) {
            out.set(at, element.as_int());
        } else if (element.kind() == Kind::Long && wanted == Kind::Real) {
            out.set(at, std::bit_cast<std::int64_t>(static_cast<double>(element.as_int())));
        } else {
            columns::ColumnBuilder one(item.type, 1);
            append_element(one, element, 0, item, bag_as_array);
            const ColumnPtr made = one.finish();
            if (made->is_null(0)) {
                out.set_null(at);
            } else {
                out.set(at, item.type == DataType::Real
                                ? std::bit_cast<std::int64_t>(made->real_at(0))
                                : made->int_at(0));
            }
        }
    };
    // Cells of one kind all begin with the same byte, and the value is the rest.
    std::optional<char> wanted_tag;
    std::optional<char> whole_tag;  // of whole numbers that become reals
    const auto put_cell = [&](std::string_view cell) {
        std::int64_t value = 0;
        std::memcpy(&value, cell.data() + 1, sizeof value);
        if (wanted_tag == cell.front()) {
            out.set(at, value);
        } else if (whole_tag == cell.front()) {
            out.set(at, std::bit_cast<std::int64_t>(static_cast<double>(value)));
        } else {
            const VariantView element(cell);
            put(element);
            if (element.kind() == wanted) {
                wanted_tag = cell.front();
            } else if (element.kind() == Kind::Long && wanted == Kind::Real) {
                whole_tag = cell.front();
            }
        }
    };
    for (std::uint32_t row = 0; row < counts.size(); ++row) {
        const VariantView v(reader.null(row) ? std::string_view() : reader.value(row));
        const std::string_view cells = v.cells();
        const std::uint32_t own = expanded_rows(v);
        for (std::uint32_t i = 0; i < counts[row]; ++i, ++at) {
            if (i >= own) {
                out.set_null(at);
            } else if (!cells.empty()) {
                put_cell(cells.substr(kCellBytes * i, kCellBytes));
            } else if (v.kind() == Kind::Array) {
                put(v.element(i));
            } else if (v.kind() == Kind::Object) {
                out.set_null(at);  // a bag of one property is no number
            } else {
                put(v);
            }
        }
    }
    return out.finish(item.type);
}

/// The rows a chunk expands to, made column by column.
class Expansion {
  public:
    static Result<Expansion> create(const MvExpandOp& op, Evaluator& evaluator,
                                    const Chunk& chunk) {
        Expansion out(op, chunk);
        evaluator.begin_chunk();
        for (const ExpandItem& item : op.items) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(item.source, chunk));
            out.sources_.push_back(cast_column(column, DataType::Dynamic));
        }
        out.counts_ = row_counts(out.sources_, chunk.rows, op.row_limit);
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            out.begins_.push_back(static_cast<std::uint32_t>(out.source_rows_.size()));
            out.source_rows_.insert(out.source_rows_.end(), out.counts_[row], row);
        }
        return out;
    }

    std::uint32_t rows() const { return static_cast<std::uint32_t>(source_rows_.size()); }
    const std::vector<std::uint32_t>& source_rows() const { return source_rows_; }

    ColumnPtr column(std::size_t c) const {
        if (const ExpandItem* item = item_of(c)) {
            const ColumnPtr& source = sources_[static_cast<std::size_t>(item - op_.items.data())];
            return has_cells(item->type)
                       ? expand_cells(source, counts_, rows(), *item, op_.bag_as_array)
                       : expand_elements(source, counts_, *item, op_.bag_as_array);
        }
        if (is_index(c)) {
            FixedOut<std::int64_t> out(rows());
            for (std::uint32_t p = 0; p < rows(); ++p) {
                out.set(p, index_at(p));
            }
            return out.finish(DataType::Long);
        }
        return repeat(chunk_.columns[c], source_rows_);
    }

    /// Only the rows at these places, ascending.
    ColumnPtr column(std::size_t c, std::span<const std::uint32_t> places) const {
        if (places.size() * kFewFactor > rows()) {
            return columns::gather(column(c), places);
        }
        if (const ExpandItem* item = item_of(c)) {
            const BytesRows reader(sources_[static_cast<std::size_t>(item - op_.items.data())]);
            columns::ColumnBuilder out(item->type, static_cast<std::uint32_t>(places.size()));
            for (const std::uint32_t p : places) {
                const std::uint32_t row = source_rows_[p];
                const VariantView v(reader.null(row) ? std::string_view() : reader.value(row));
                if (index_at(p) < expanded_rows(v)) {
                    append_element(out, v, index_at(p), *item, op_.bag_as_array);
                } else {
                    out.append_null();
                }
            }
            return out.finish();
        }
        columns::ColumnBuilder indexes(DataType::Long);
        std::vector<std::uint32_t> from;
        for (const std::uint32_t p : places) {
            if (is_index(c)) {
                indexes.append_int(index_at(p));
            } else {
                from.push_back(source_rows_[p]);
            }
        }
        return is_index(c) ? indexes.finish() : repeat(chunk_.columns[c], from);
    }

  private:
    /// One row in this many: making all and taking some costs more.
    static constexpr std::size_t kFewFactor = 4;

    Expansion(const MvExpandOp& op, const Chunk& chunk) : op_(op), chunk_(chunk) {}
    const ExpandItem* item_of(std::size_t c) const {
        for (const ExpandItem& item : op_.items) {
            if (item.column == c) {
                return &item;
            }
        }
        return nullptr;
    }
    bool is_index(std::size_t c) const { return op_.with_index && c + 1 == op_.schema.size(); }
    std::uint32_t index_at(std::uint32_t p) const { return p - begins_[source_rows_[p]]; }

    const MvExpandOp& op_;
    const Chunk& chunk_;
    std::vector<ColumnPtr> sources_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint32_t> begins_;  // place of each row's first element
    std::vector<std::uint32_t> source_rows_;
};

}  // namespace

Result<Expanded> expand_chunk(const MvExpandOp& op, Evaluator& evaluator, const Chunk& chunk) {
    QD_TRY(const Expansion expansion, Expansion::create(op, evaluator, chunk));
    Expanded out;
    out.rows.rows = expansion.rows();
    for (std::size_t c = 0; c < op.schema.size(); ++c) {
        out.rows.columns.push_back(expansion.column(c));
    }
    out.source_rows = expansion.source_rows();
    return out;
}

namespace {

/// mv-expand, and a filter right behind it: what the filter reads is made first, the other columns
/// only of the rows that pass.
class ExpandSink final : public Sink {
  public:
    ExpandSink(Runtime& runtime, const MvExpandOp& op, const std::vector<BoundPtr>& conjuncts,
               Sink& next)
        : runtime_(runtime),
          op_(op),
          conjuncts_(conjuncts),
          filtered_by_(op.schema.size()),
          next_(next),
          evaluators_(runtime, runtime.query().workers) {
        for (const BoundPtr& conjunct : conjuncts_) {
            collect_columns(*conjunct, filtered_by_);
        }
    }
    bool parallel() const override { return next_.parallel(); }
    Result<bool> push(std::size_t worker, Chunk chunk) override {
        for (std::uint32_t at = 0; at < chunk.rows; at += kSourceRows) {
            const std::uint32_t count = std::min(kSourceRows, chunk.rows - at);
            const bool whole = count == chunk.rows;
            QD_TRY(const bool more,
                   push_piece(worker, whole ? chunk : columns::slice(chunk, at, count)));
            if (!more) {
                return false;
            }
        }
        return true;
    }

  private:
    /// Rows expanded at once: what long arrays become still fits the cache.
    static constexpr std::uint32_t kSourceRows = 128;

    Result<bool> push_piece(std::size_t worker, const Chunk& chunk) {
        Evaluator& evaluator = evaluators_.of(worker);
        QD_TRY(const Expansion expansion, Expansion::create(op_, evaluator, chunk));
        if (runtime_.query().profile != nullptr) {
            OperatorProfile& expanded = runtime_.query().profile->of(op_);
            expanded.ran.store(true, std::memory_order_relaxed);
            if (!conjuncts_.empty()) {
                expanded.rows.fetch_add(expansion.rows(), std::memory_order_relaxed);
            }
        }
        Chunk all;
        all.rows = expansion.rows();
        all.columns.resize(op_.schema.size());
        for (std::size_t c = 0; c < all.columns.size(); ++c) {
            if (filtered_by_[c] || conjuncts_.empty()) {
                all.columns[c] = expansion.column(c);
            }
        }
        if (conjuncts_.empty()) {
            return send(worker, all);
        }
        QD_TRY(const std::vector<std::uint32_t> places, selected(evaluator, all));
        if (places.empty()) {
            return true;
        }
        Chunk kept;
        kept.rows = static_cast<std::uint32_t>(places.size());
        for (std::size_t c = 0; c < all.columns.size(); ++c) {
            kept.columns.push_back(all.columns[c] ? columns::gather(all.columns[c], places)
                                                  : expansion.column(c, places));
        }
        return send(worker, kept);
    }

    /// The places of the rows that pass, a chunk's worth at a time.
    Result<std::vector<std::uint32_t>> selected(Evaluator& evaluator, const Chunk& all) {
        std::vector<std::uint32_t> out;
        const std::uint32_t size = runtime_.query().chunk_rows;
        for (std::uint32_t at = 0; at < all.rows; at += size) {
            QD_CHECK_OK(runtime_.query().check());
            Chunk part;
            part.rows = std::min(size, all.rows - at);
            for (const ColumnPtr& column : all.columns) {
                part.columns.push_back(column ? columns::slice(column, at, part.rows) : nullptr);
            }
            evaluator.begin_chunk();
            QD_TRY(const std::vector<std::uint32_t> rows, evaluator.select(conjuncts_, part));
            for (const std::uint32_t row : rows) {
                out.push_back(at + row);
            }
        }
        return out;
    }

    Result<bool> send(std::size_t worker, const Chunk& rows) {
        const std::uint32_t size = runtime_.query().chunk_rows;
        for (std::uint32_t at = 0; at < rows.rows; at += size) {
            QD_CHECK_OK(runtime_.query().check());
            const std::uint32_t count = std::min(size, rows.rows - at);
            const bool whole = count == rows.rows;
            QD_TRY(const bool more,
                   next_.push(worker, whole ? rows : columns::slice(rows, at, count)));
            if (!more) {
                return false;
            }
        }
        return true;
    }

    Runtime& runtime_;
    const MvExpandOp& op_;
    const std::vector<BoundPtr>& conjuncts_;
    std::vector<bool> filtered_by_;  // the columns the conjuncts read
    Sink& next_;
    WorkerEvaluators evaluators_;
};

/// Runs the subquery for each row and puts the row's other columns beside what comes out.
class ApplySink final : public Sink {
  public:
    ApplySink(Runtime& runtime, const MvApplyOp& op, Sink& next)
        : runtime_(runtime), op_(op), next_(next), evaluator_(runtime.evaluation()) {}
    bool parallel() const override { return false; }
    Result<bool> push(std::size_t, Chunk chunk) override {
        QD_TRY(const Expanded expanded, expand_chunk(*op_.expand, evaluator_, chunk));
        std::vector<Chunk> answers;
        std::vector<std::uint32_t> outer_rows;
        Runtime inner(runtime_.query());
        inner.set_serial(true);
        std::uint32_t at = 0;
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            std::uint32_t end = at;
            while (end < expanded.rows.rows && expanded.source_rows[end] == row) {
                ++end;
            }
            Table input;
            input.schema = op_.expand->schema;
            if (end > at) {
                input.chunks.push_back(columns::slice(expanded.rows, at, end - at));
            }
            at = end;
            inner.bind_placeholder(op_.placeholder, &input);
            QD_TRY(Table output, inner.collect(*op_.subquery));
            for (Chunk& part : output.chunks) {
                outer_rows.insert(outer_rows.end(), part.rows, row);
                answers.push_back(std::move(part));
            }
        }
        if (answers.empty()) {
            return true;
        }
        const Chunk inside = join_chunks(answers, op_.subquery->schema);
        Chunk out;
        out.rows = inside.rows;
        for (const MvApplyOp::Output& output : op_.outputs) {
            out.columns.push_back(output.from_subquery
                                      ? inside.columns[output.column]
                                      : columns::gather(chunk.columns[output.column], outer_rows));
        }
        return next_.push(0, std::move(out));
    }

  private:
    Runtime& runtime_;
    const MvApplyOp& op_;
    Sink& next_;
    Evaluator evaluator_;
};

}  // namespace

Result<bool> Runtime::mv_expand(const MvExpandOp& op, const std::vector<BoundPtr>& conjuncts,
                                Sink& sink) {
    ExpandSink expand(*this, op, conjuncts, sink);
    return stream(*op.inputs[0], expand);
}

Result<bool> Runtime::mv_apply(const MvApplyOp& op, Sink& sink) {
    ApplySink apply(*this, op, sink);
    return stream(*op.inputs[0], apply);
}

Result<bool> Runtime::partition(const PartitionOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "partition");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Evaluator evaluator(evaluation());
    QD_TRY(const ColumnPtr key, evaluator.evaluate(op.key, all));
    Grouper grouper({key->type()});
    std::vector<std::uint32_t> groups;
    const std::vector<ColumnPtr> keys = {key};
    grouper.assign(keys, all.rows, groups);
    std::vector<std::vector<std::uint32_t>> rows(grouper.size());
    for (std::uint32_t i = 0; i < all.rows; ++i) {
        rows[groups[i]].push_back(i);
    }
    Runtime inner(query_);
    inner.set_serial(true);
    for (const std::vector<std::uint32_t>& part : rows) {
        Table input;
        input.schema = op.inputs[0]->schema;
        input.chunks.push_back(columns::gather(all, part));
        inner.bind_placeholder(op.placeholder, &input);
        QD_TRY(const Table output, inner.collect(*op.subquery));
        QD_TRY(const bool more, emit(output, sink));
        if (!more) {
            return false;
        }
    }
    return true;
}

Result<bool> Runtime::sample(const SampleOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "sample");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    // Reservoir: every row has the same chance.
    const EvalContext context = evaluation();
    std::vector<std::uint32_t> kept;
    for (std::uint32_t i = 0; i < all.rows; ++i) {
        if (kept.size() < op.rows) {
            kept.push_back(i);
        } else if (op.rows > 0) {
            const std::uint64_t at = context.random->below(std::uint64_t{i} + 1);
            if (at < op.rows) {
                kept[static_cast<std::size_t>(at)] = i;
            }
        }
    }
    return emit(columns::gather(all, kept), sink);
}

Result<bool> Runtime::sample_distinct(const SampleDistinctOp& op, Sink& sink) {
    CollectSink collected(query_, query_.workers, "sample-distinct");
    QD_TRY(const bool wanted, stream(*op.inputs[0], collected));
    static_cast<void>(wanted);
    const Chunk all = join_chunks(collected.take(), op.inputs[0]->schema);
    Evaluator evaluator(evaluation());
    QD_TRY(const ColumnPtr key, evaluator.evaluate(op.key, all));
    Grouper grouper({key->type()});
    std::vector<std::uint32_t> groups;
    const std::vector<ColumnPtr> keys = {key};
    grouper.assign(keys, all.rows, groups);
    Chunk out;
    out.columns = grouper.key_columns();
    out.rows = grouper.size();
    if (out.rows > op.rows) {
        out = columns::slice(out, 0, static_cast<std::uint32_t>(op.rows));
    }
    return emit(out, sink);
}

}  // namespace qd::kql
