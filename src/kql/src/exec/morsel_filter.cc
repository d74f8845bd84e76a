// Filters at the scan.
//
// A morsel is read column by column: first what the cheapest conjuncts need, whole or where an
// index says, then each further column only at the rows that are left. A point lookup so reads one
// column and a few cells of the others. While many rows are left nothing is copied: the selection
// is kept beside the columns, and rows are moved together when a quarter or less remains, or at the
// end.
#include "exec/morsel_filter.h"

#include "plan/pruning.h"

#include <algorithm>

namespace qd::kql {

using columns::Chunk;

namespace {

bool reads_bytes(const std::vector<bool>& used, const columns::Schema& schema) {
    for (std::size_t c = 0; c < used.size(); ++c) {
        if (used[c] && columns::is_bytes(schema[c].type)) {
            return true;
        }
    }
    return false;
}

}  // namespace

MorselFilter::MorselFilter(const ScanOp& scan, std::vector<BoundPtr> conjuncts)
    : scan_(scan), width_(scan.schema.size()) {
    const auto used_by = [&](const BoundPtr& conjunct) {
        std::vector<bool> used(width_);
        collect_columns(*conjunct, used);
        return used;
    };
    const bool movable = std::all_of(conjuncts.begin(), conjuncts.end(),
                                     [](const BoundPtr& c) { return c->deterministic; });
    if (movable) {
        std::vector<BoundPtr> texts;
        std::vector<BoundPtr> ordered;
        for (BoundPtr& conjunct : conjuncts) {
            const bool late = reads_bytes(used_by(conjunct), scan.schema);
            (late ? texts : ordered).push_back(std::move(conjunct));
        }
        ordered.insert(ordered.end(), texts.begin(), texts.end());
        conjuncts = std::move(ordered);
    }
    std::vector<bool> loaded(width_);
    for (BoundPtr& conjunct : conjuncts) {
        const std::vector<bool> used = used_by(conjunct);
        bool fresh = stages_.empty();
        for (std::size_t c = 0; c < width_; ++c) {
            fresh = fresh || (used[c] && !loaded[c]);
            loaded[c] = loaded[c] || used[c];
        }
        if (fresh) {
            stages_.emplace_back();
        }
        std::vector<std::size_t>& columns = stages_.back().columns;
        for (std::size_t c = 0; c < width_; ++c) {
            if (used[c] && std::find(columns.begin(), columns.end(), c) == columns.end()) {
                columns.push_back(c);
            }
        }
        std::uint64_t implied_by = 0;
        for (std::size_t p = 0; p < scan.pruning.size() && p < 64; ++p) {
            implied_by |=
                implies(scan.pruning[p], scan.schema, *conjunct) ? std::uint64_t{1} << p : 0;
        }
        stages_.back().implied_by.push_back(implied_by);
        stages_.back().conjuncts.push_back(std::move(conjunct));
    }
}

Result<bool> MorselReader::apply(const MorselFilter& filter, Evaluator& evaluator) {
    QD_TRY(MorselCandidates candidates, morsel_.candidates());
    rows_ = std::move(candidates.rows);
    chunk_.rows = rows_ ? static_cast<std::uint32_t>(rows_->size()) : morsel_.rows();
    chunk_.columns.assign(columns_, nullptr);
    query_.rows_scanned.fetch_add(chunk_.rows, std::memory_order_relaxed);
    if (query_.profile != nullptr) {
        // A scan that another operator reads by itself sends no chunks anywhere.
        OperatorProfile& scan = query_.profile->of(filter.scan());
        if (Profile::current() != &scan) {
            scan.ran.store(true, std::memory_order_relaxed);
            scan.rows.fetch_add(chunk_.rows, std::memory_order_relaxed);
        }
    }
    for (const MorselFilter::Stage& stage : filter.stages()) {
        if (chunk_.rows == 0) {
            return false;
        }
        std::vector<BoundPtr> open;
        for (std::size_t i = 0; i < stage.conjuncts.size(); ++i) {
            if ((stage.implied_by[i] & candidates.proven) == 0) {
                open.push_back(stage.conjuncts[i]);
            }
        }
        if (!open.empty()) {
            QD_CHECK_OK(load(stage.columns));
            QD_TRY(const std::vector<std::uint32_t> left, select(open, evaluator));
            keep(left);
        }
    }
    return chunk_.rows > 0;
}

// In pieces of a chunk: what a conjunct makes stays in the cache for the next one.
Result<std::vector<std::uint32_t>> MorselReader::select(const std::vector<BoundPtr>& conjuncts,
                                                        Evaluator& evaluator) {
    std::vector<std::uint32_t> left;
    for (std::uint32_t at = 0; at < chunk_.rows; at += query_.chunk_rows) {
        QD_CHECK_OK(query_.check());
        const std::uint32_t count = std::min(query_.chunk_rows, chunk_.rows - at);
        Chunk piece;
        piece.rows = count;
        piece.columns.reserve(columns_);
        for (const ColumnPtr& column : chunk_.columns) {
            piece.columns.push_back(column ? columns::slice(column, at, count) : nullptr);
        }
        evaluator.begin_chunk();
        QD_TRY(const std::vector<std::uint32_t> rows, evaluator.select(conjuncts, piece));
        for (const std::uint32_t row : rows) {
            left.push_back(at + row);
        }
    }
    return left;
}

void MorselReader::keep(std::span<const std::uint32_t> places) {
    if (places.size() == chunk_.rows) {
        return;
    }
    for (ColumnPtr& column : chunk_.columns) {
        if (column) {
            column = columns::gather(column, places);
        }
    }
    std::vector<std::uint32_t> rows(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        rows[i] = row(places[i]);
    }
    rows_ = std::move(rows);
    chunk_.rows = static_cast<std::uint32_t>(places.size());
}

Status MorselReader::load(std::span<const std::size_t> wanted) {
    std::vector<std::size_t> missing;
    for (const std::size_t c : wanted) {
        if (!chunk_.columns[c]) {
            missing.push_back(c);
        }
    }
    if (missing.empty()) {
        return {};
    }
    QD_TRY(Chunk read, morsel_.read(missing, rows_));
    query_.bytes_scanned.fetch_add(static_cast<std::uint64_t>(chunk_bytes(read)),
                                   std::memory_order_relaxed);
    for (std::size_t i = 0; i < missing.size(); ++i) {
        chunk_.columns[missing[i]] = std::move(read.columns[i]);
    }
    return {};
}

Status MorselReader::load_all(const ScanOp& scan) {
    std::vector<std::size_t> wanted;
    for (std::size_t c = 0; c < columns_; ++c) {
        if (c >= scan.filter_only.size() || !scan.filter_only[c]) {
            wanted.push_back(c);
        } else if (!chunk_.columns[c]) {
            chunk_.columns[c] =
                columns::Column::make_constant(Scalar::null_of(scan.schema[c].type), chunk_.rows);
        }
    }
    return load(wanted);
}

}  // namespace qd::kql
