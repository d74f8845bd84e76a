// Scans: which pieces of a table may hold wanted rows, and how a piece becomes chunks.
//
// Pruning looks at bounds only: of whole extents by time, then of each row group by time and by
// every given predicate. A piece reads its columns whole (a row group at most), then slices them
// into chunks, which share the decoded memory. Rows past their retention are filtered out only
// where a piece has any, by their time of receipt.
#include "snapshot.h"

#include "qd/base/check.h"
#include "qd/codec/guid.h"
#include "qd/workspace/limits.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qd::workspace::internal {

namespace {

using columns::Chunk;
using columns::Column;
using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;
using Op = ScanPredicate::Op;

// What stands behind a wanted column.
struct Wanted {
    enum class Source : std::uint8_t { Stored, ItemId, Fixed };
    std::string name;
    DataType type = DataType::String;
    Source source = Source::Stored;
    std::string text;  // Fixed
};

struct ScanPlan {
    std::vector<Wanted> columns;
    std::uint32_t table_id = 0;
    std::int64_t hidden_before = std::numeric_limits<std::int64_t>::min();
};

std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

// A GUID of each row id: both halves are one-to-one functions of it, so no two rows share one.
ColumnPtr item_ids(const ColumnPtr& row_ids, std::uint32_t table_id) {
    ColumnBuilder out(DataType::String, row_ids->size());
    for (std::uint32_t i = 0; i < row_ids->size(); ++i) {
        const auto id = static_cast<std::uint64_t>(row_ids->int_at(i));
        out.append_bytes(format_guid({{mix(id + 1), mix(id ^ (std::uint64_t{table_id} << 40))}}));
    }
    return out.finish();
}

// Slices whole columns into chunks, leaving out rows whose retention is over.
std::vector<Chunk> cut_chunks(const std::vector<ColumnPtr>& whole, std::uint32_t rows,
                              const ColumnPtr& received, std::int64_t hidden_before) {
    std::vector<Chunk> chunks;
    for (std::uint32_t begin = 0; begin < rows; begin += columns::kChunkRows) {
        const std::uint32_t count = std::min(columns::kChunkRows, rows - begin);
        Chunk chunk;
        chunk.rows = count;
        for (const ColumnPtr& column : whole) {
            chunk.columns.push_back(columns::slice(column, begin, count));
        }
        if (received) {
            std::vector<std::uint32_t> kept;
            for (std::uint32_t i = 0; i < count; ++i) {
                if (received->int_at(begin + i) >= hidden_before) {
                    kept.push_back(i);
                }
            }
            if (kept.empty()) {
                continue;
            }
            if (kept.size() < count) {
                chunk = columns::gather(chunk, kept);
            }
        }
        chunks.push_back(std::move(chunk));
    }
    return chunks;
}

// Columns of one piece by name; Constant nulls when it does not hold one.
template <typename ReadStored>
Result<std::vector<Chunk>> read_piece(const ScanPlan& plan, std::uint32_t rows, bool some_hidden,
                                      const ReadStored& read_stored) {
    std::vector<ColumnPtr> whole;
    for (const Wanted& wanted : plan.columns) {
        switch (wanted.source) {
            case Wanted::Source::Stored: {
                QD_TRY(auto column, read_stored(wanted.name, wanted.type));
                whole.push_back(std::move(column));
                break;
            }
            case Wanted::Source::ItemId: {
                QD_TRY(const auto ids, read_stored(kRowId, DataType::Long));
                whole.push_back(item_ids(ids, plan.table_id));
                break;
            }
            case Wanted::Source::Fixed:
                whole.push_back(Column::make_constant(Scalar::of_string(wanted.text), rows));
                break;
        }
    }
    ColumnPtr received;
    if (some_hidden) {
        QD_TRY(received, read_stored(kTimeReceived, DataType::DateTime));
    }
    return cut_chunks(whole, rows, received, plan.hidden_before);
}

class ExtentMorsel final : public Morsel {
  public:
    ExtentMorsel(std::shared_ptr<const ScanPlan> plan, ExtentPtr entry,
                 std::shared_ptr<DictionaryCache> cache, std::size_t group)
        : plan_(std::move(plan)),
          entry_(std::move(entry)),
          cache_(std::move(cache)),
          group_(group) {}

    std::uint64_t rows() const override { return entry_->extent->footer().group_rows[group_]; }

    Result<std::vector<Chunk>> read() const override {
        const std::uint32_t rows = entry_->extent->footer().group_rows[group_];
        const bool some_hidden = entry_->received.least < plan_->hidden_before;
        return read_piece(*plan_, rows, some_hidden,
                          [&](std::string_view name, DataType type) -> Result<ColumnPtr> {
                              const ExtentColumn* column = entry_->extent->find_column(name);
                              if (column == nullptr || column->type != type) {
                                  return Column::make_constant(Scalar::null_of(type), rows);
                              }
                              return cache_->read(*column, group_);
                          });
    }

  private:
    std::shared_ptr<const ScanPlan> plan_;
    ExtentPtr entry_;
    std::shared_ptr<DictionaryCache> cache_;
    std::size_t group_;
};

// Stands for an extent whose file is damaged: reading says so.
class DamagedMorsel final : public Morsel {
  public:
    explicit DamagedMorsel(ExtentPtr entry) : entry_(std::move(entry)) {}
    std::uint64_t rows() const override { return entry_->stored.rows; }
    Result<std::vector<Chunk>> read() const override { return *entry_->damage; }

  private:
    ExtentPtr entry_;
};

class HeadMorsel final : public Morsel {
  public:
    HeadMorsel(std::shared_ptr<const ScanPlan> plan, HeadBatchPtr batch, std::uint32_t begin,
               std::uint32_t count)
        : plan_(std::move(plan)), batch_(std::move(batch)), begin_(begin), count_(count) {}

    std::uint64_t rows() const override { return count_; }

    Result<std::vector<Chunk>> read() const override {
        const bool some_hidden = batch_->received.least < plan_->hidden_before;
        return read_piece(*plan_, count_, some_hidden,
                          [&](std::string_view name, DataType type) -> Result<ColumnPtr> {
                              const ColumnPtr* column = batch_->find_column(name);
                              if (column == nullptr || (*column)->type() != type) {
                                  return Column::make_constant(Scalar::null_of(type), count_);
                              }
                              return columns::slice(*column, begin_, count_);
                          });
    }

  private:
    std::shared_ptr<const ScanPlan> plan_;
    HeadBatchPtr batch_;
    std::uint32_t begin_;
    std::uint32_t count_;
};

// --- pruning ------------------------------------------------------------------------------------

bool is_integral(DataType type) {
    return type == DataType::Bool || type == DataType::Int || type == DataType::Long ||
           type == DataType::DateTime || type == DataType::TimeSpan;
}

bool is_plain_number(DataType type) {
    return type == DataType::Int || type == DataType::Long || type == DataType::Real;
}

// Whether some value in [least, greatest] can satisfy `value op constant`.
template <typename T>
bool may_match(Op op, const T& least, const T& greatest, const T& constant) {
    switch (op) {
        case Op::Equal:
            return !(constant < least) && !(greatest < constant);
        case Op::Less:
            return least < constant;
        case Op::LessOrEqual:
            return !(constant < least);
        case Op::Greater:
            return constant < greatest;
        case Op::GreaterOrEqual:
            return !(greatest < constant);
    }
    return true;
}

template <typename T>
T bound_value(const std::string& raw) {
    T v{};
    std::memcpy(&v, raw.data(), sizeof(T));
    return v;
}

bool text_may_match(const ColumnPart& part, Op op, const std::string& constant) {
    const bool absent = part.encoding == Encoding::Absent;
    if (!absent && part.greatest.empty()) {
        // Only the lower bound is known.
        return op == Op::Greater || op == Op::GreaterOrEqual ||
               may_match<std::string>(op, part.least, constant < part.least ? part.least : constant,
                                      constant);
    }
    return may_match<std::string>(op, part.least, part.greatest, constant);
}

bool part_may_match(const ExtentColumn& column, const ColumnPart& part, Op op,
                    const Scalar& constant) {
    if (constant.is_null()) {
        return true;
    }
    if (column.type == DataType::String) {
        return constant.type() != DataType::String || text_may_match(part, op, constant.bytes());
    }
    const bool same = column.type == constant.type();
    const bool numbers = is_plain_number(column.type) && is_plain_number(constant.type());
    if (!same && !numbers) {
        return true;
    }
    if (part.encoding == Encoding::Absent) {
        return false;  // nulls satisfy no comparison
    }
    if (part.least.size() != 8 || part.greatest.size() != 8) {
        return true;
    }
    if (is_integral(column.type) && is_integral(constant.type())) {
        const std::int64_t v =
            column.type == DataType::Bool ? (constant.as_bool() ? 1 : 0) : constant.as_int();
        return may_match(op, bound_value<std::int64_t>(part.least),
                         bound_value<std::int64_t>(part.greatest), v);
    }
    const auto real_bound = [&](const std::string& raw) {
        return column.type == DataType::Real ? bound_value<double>(raw)
                                             : static_cast<double>(bound_value<std::int64_t>(raw));
    };
    const double v = constant.type() == DataType::Real ? constant.as_real()
                                                       : static_cast<double>(constant.as_int());
    if (std::isnan(v) || (column.type != DataType::Real && column.type != DataType::Int)) {
        return true;  // 64-bit integers lose digits as doubles: no proof
    }
    return may_match(op, real_bound(part.least), real_bound(part.greatest), v);
}

bool times_may_match(const Bounds& time, const ScanOptions& options) {
    if (!options.from && !options.to) {
        return true;
    }
    // Rows without a time satisfy no range; a piece of which nothing is known stays in.
    return time.empty() || ((!options.to || time.least < options.to->ticks) &&
                            (!options.from || time.greatest >= options.from->ticks));
}

std::vector<ScanPredicate> all_predicates(const ScanOptions& options) {
    std::vector<ScanPredicate> out = options.predicates;
    if (options.from) {
        out.push_back({std::string(kTimeGenerated), Op::GreaterOrEqual,
                       Scalar::of_datetime(options.from->ticks)});
    }
    if (options.to) {
        out.push_back(
            {std::string(kTimeGenerated), Op::Less, Scalar::of_datetime(options.to->ticks)});
    }
    return out;
}

class TableSnapshot final : public Snapshot {
  public:
    TableSnapshot(TablePtr schema, std::shared_ptr<const TableContent> content,
                  std::uint32_t table_id, std::string workspace_id, std::int64_t hidden_before)
        : schema_(std::move(schema)),
          content_(std::move(content)),
          table_id_(table_id),
          workspace_id_(std::move(workspace_id)),
          hidden_before_(hidden_before) {
        for (const ExtentPtr& entry : content_->extents) {
            rows_ += entry->stored.rows;
            time_.add(entry->time);
        }
        for (const HeadBatchPtr& batch : content_->head) {
            rows_ += batch->chunk.rows;
            time_.add(batch->time);
        }
    }

    const TableSchema& table() const override { return *schema_; }
    std::uint64_t rows() const override { return rows_; }
    std::optional<Timestamp> oldest() const override {
        return time_.empty() ? std::nullopt : std::optional(Timestamp{time_.least});
    }
    std::optional<Timestamp> newest() const override {
        return time_.empty() ? std::nullopt : std::optional(Timestamp{time_.greatest});
    }

    Result<std::vector<std::unique_ptr<Morsel>>> scan(const ScanOptions& options) const override {
        QD_TRY(const auto plan, make_plan(options));
        std::vector<std::unique_ptr<Morsel>> morsels;
        const std::vector<ScanPredicate> predicates = all_predicates(options);
        for (const ExtentPtr& entry : content_->extents) {
            add_extent(plan, entry, options, predicates, morsels);
        }
        for (const HeadBatchPtr& batch : content_->head) {
            if (batch->received.greatest < hidden_before_ ||
                !times_may_match(batch->time, options)) {
                continue;
            }
            const std::uint32_t rows = batch->chunk.rows;
            for (std::uint32_t begin = 0; begin < rows; begin += kRowGroupRows) {
                morsels.push_back(std::make_unique<HeadMorsel>(
                    plan, batch, begin, std::min(kRowGroupRows, rows - begin)));
            }
        }
        return morsels;
    }

  private:
    Result<std::shared_ptr<const ScanPlan>> make_plan(const ScanOptions& options) const {
        auto plan = std::make_shared<ScanPlan>();
        plan->table_id = table_id_;
        plan->hidden_before = hidden_before_;
        for (const std::string& name : options.columns) {
            Wanted wanted;
            wanted.name = name;
            const ColumnInfo* column = schema_->find_column(name);
            if (name == kItemId) {
                wanted.source = Wanted::Source::ItemId;
            } else if (name == kTypeColumn) {
                wanted.source = Wanted::Source::Fixed;
                wanted.text = schema_->name;
            } else if (name == kTenantId) {
                wanted.source = Wanted::Source::Fixed;
                wanted.text = workspace_id_;
            } else if (name == kTimeReceived) {
                wanted.type = DataType::DateTime;
            } else if (column != nullptr) {
                wanted.type = column->type;
            } else {
                return Error(
                    Code::NotFound, "WSP0002",
                    "table has no such column: table " + schema_->name + ", column " + name);
            }
            plan->columns.push_back(std::move(wanted));
        }
        return std::shared_ptr<const ScanPlan>(std::move(plan));
    }

    void add_extent(const std::shared_ptr<const ScanPlan>& plan, const ExtentPtr& entry,
                    const ScanOptions& options, const std::vector<ScanPredicate>& predicates,
                    std::vector<std::unique_ptr<Morsel>>& morsels) const {
        if (entry->damage) {
            morsels.push_back(std::make_unique<DamagedMorsel>(entry));
            return;
        }
        if ((!entry->received.empty() && entry->received.greatest < hidden_before_) ||
            !times_may_match(entry->time, options)) {
            return;
        }
        const Extent& extent = *entry->extent;
        std::vector<std::pair<const ExtentColumn*, const ScanPredicate*>> checks;
        for (const ScanPredicate& predicate : predicates) {
            if (const ExtentColumn* column = extent.find_column(predicate.column)) {
                checks.emplace_back(column, &predicate);
            }
        }
        auto cache = std::make_shared<DictionaryCache>(entry->extent);
        for (std::size_t g = 0; g < extent.footer().group_rows.size(); ++g) {
            const bool wanted = std::all_of(checks.begin(), checks.end(), [&](const auto& check) {
                return part_may_match(*check.first, check.first->parts[g], check.second->op,
                                      check.second->value);
            });
            if (wanted) {
                morsels.push_back(std::make_unique<ExtentMorsel>(plan, entry, cache, g));
            }
        }
    }

    TablePtr schema_;
    std::shared_ptr<const TableContent> content_;
    std::uint32_t table_id_;
    std::string workspace_id_;
    std::int64_t hidden_before_;
    std::uint64_t rows_ = 0;
    Bounds time_;
};

}  // namespace

std::shared_ptr<const Snapshot> make_snapshot(TablePtr schema,
                                              std::shared_ptr<const TableContent> content,
                                              std::uint32_t table_id, std::string workspace_id,
                                              std::int64_t hidden_before) {
    return std::make_shared<TableSnapshot>(std::move(schema), std::move(content), table_id,
                                           std::move(workspace_id), hidden_before);
}

}  // namespace qd::workspace::internal
