// Scans: which pieces of a table may hold wanted rows (pruning.h), each as a morsel (morsel.h).
#include "snapshot.h"

#include "morsel.h"
#include "pruning.h"
#include "qd/workspace/limits.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

using columns::DataType;

class TableSnapshot final : public Snapshot {
  public:
    TableSnapshot(TablePtr schema, std::shared_ptr<const TableContent> content,
                  std::uint64_t last_sequence, std::uint32_t table_id, std::string workspace_id,
                  std::int64_t hidden_before)
        : schema_(std::move(schema)),
          content_(std::move(content)),
          last_sequence_(last_sequence),
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

    std::uint64_t last_sequence() const override { return last_sequence_; }

    Result<std::vector<std::unique_ptr<Morsel>>> scan(const ScanOptions& wanted) const override {
        ScanOptions options = wanted;
        for (ScanPredicate& predicate : options.predicates) {
            const ColumnInfo* column = schema_->find_column(predicate.column);
            predicate.column = column != nullptr ? column->stored_name() : predicate.column;
        }
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
                morsels.push_back(
                    make_head_morsel(plan, batch, begin, std::min(kRowGroupRows, rows - begin)));
            }
        }
        return morsels;
    }

  private:
    Result<std::shared_ptr<const ScanPlan>> make_plan(const ScanOptions& options) const {
        auto plan = std::make_shared<ScanPlan>();
        plan->table_id = table_id_;
        plan->hidden_before = hidden_before_;
        plan->predicates = options.predicates;
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
            } else if (name == kRowId) {
                wanted.type = DataType::Long;
            } else if (column != nullptr) {
                wanted.name = column->stored_name();
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
            morsels.push_back(make_damaged_morsel(entry));
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
                return part_may_match(*check.first, check.first->parts[g], *check.second);
            });
            if (wanted) {
                morsels.push_back(make_extent_morsel(plan, entry, cache, g));
            }
        }
    }

    TablePtr schema_;
    std::shared_ptr<const TableContent> content_;
    std::uint64_t last_sequence_;
    std::uint32_t table_id_;
    std::string workspace_id_;
    std::int64_t hidden_before_;
    std::uint64_t rows_ = 0;
    Bounds time_;
};

}  // namespace

std::shared_ptr<const Snapshot> make_snapshot(TablePtr schema,
                                              std::shared_ptr<const TableContent> content,
                                              std::uint64_t last_sequence, std::uint32_t table_id,
                                              std::string workspace_id,
                                              std::int64_t hidden_before) {
    return std::make_shared<TableSnapshot>(std::move(schema), std::move(content), last_sequence,
                                           table_id, std::move(workspace_id), hidden_before);
}

}  // namespace qd::workspace::internal
