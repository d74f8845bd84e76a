// How a piece becomes columns. Hidden rows (past their retention) are left out of the candidates,
// by their time of receipt, and only where a piece has any.
#include "morsel.h"

#include "qd/base/check.h"
#include "qd/codec/guid.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace qd::workspace::internal {

namespace {

using columns::Chunk;
using columns::Column;
using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;

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

/// A piece as its stored columns; what all kinds of pieces do with them.
class StoredMorsel : public Morsel {
  public:
    explicit StoredMorsel(ScanPlanPtr plan) : plan_(std::move(plan)) {}

    Result<MorselCandidates> candidates() const override {
        MorselCandidates out;
        QD_TRY(out.rows, visible());
        const std::vector<ScanPredicate>& predicates = plan_->predicates;
        for (std::size_t i = 0; i < predicates.size() && i < 64; ++i) {
            QD_TRY(const std::optional<TextRows> found, search(predicates[i]));
            if (found) {
                intersect(out.rows, found->rows);
                out.proven |= found->exact ? std::uint64_t{1} << i : 0;
            }
        }
        return out;
    }

    Result<Chunk> read(std::span<const std::size_t> wanted, const MorselRows& at) const override {
        Chunk out;
        out.rows = at ? static_cast<std::uint32_t>(at->size()) : rows();
        for (const std::size_t place : wanted) {
            const Wanted& column = plan_->columns[place];
            if (column.source == Wanted::Source::Fixed) {
                out.columns.push_back(
                    Column::make_constant(Scalar::of_string(column.text), out.rows));
            } else if (column.source == Wanted::Source::ItemId) {
                QD_TRY(const ColumnPtr ids, stored(kRowId, DataType::Long, at));
                out.columns.push_back(item_ids(ids, plan_->table_id));
            } else {
                QD_TRY(ColumnPtr values, stored(column.name, column.type, at));
                out.columns.push_back(std::move(values));
            }
        }
        return out;
    }

  protected:
    const ScanPlan& plan() const { return *plan_; }
    virtual bool some_hidden() const = 0;
    /// Rows that may satisfy the predicate, where the piece can tell without looking at each.
    virtual Result<std::optional<TextRows>> search(const ScanPredicate&) const {
        return std::optional<TextRows>();
    }
    /// Constant nulls when the piece has no such column.
    virtual Result<ColumnPtr> stored(std::string_view name, DataType type,
                                     const MorselRows& at) const = 0;

  private:
    Result<MorselRows> visible() const {
        if (!some_hidden()) {
            return MorselRows();
        }
        QD_TRY(const ColumnPtr received, stored(kTimeReceived, DataType::DateTime, MorselRows()));
        std::vector<std::uint32_t> kept;
        for (std::uint32_t i = 0; i < received->size(); ++i) {
            if (received->int_at(i) >= plan_->hidden_before) {
                kept.push_back(i);
            }
        }
        return MorselRows(std::move(kept));
    }

    static void intersect(MorselRows& rows, const std::vector<std::uint32_t>& others) {
        if (!rows) {
            rows = others;
            return;
        }
        std::vector<std::uint32_t> both;
        std::set_intersection(rows->begin(), rows->end(), others.begin(), others.end(),
                              std::back_inserter(both));
        rows = std::move(both);
    }

    ScanPlanPtr plan_;
};

class ExtentMorsel final : public StoredMorsel {
  public:
    ExtentMorsel(ScanPlanPtr plan, ExtentPtr entry, std::shared_ptr<DictionaryCache> cache,
                 std::size_t group)
        : StoredMorsel(std::move(plan)),
          entry_(std::move(entry)),
          cache_(std::move(cache)),
          group_(group) {}

    std::uint32_t rows() const override { return entry_->extent->footer().group_rows[group_]; }

    std::optional<std::pair<std::int64_t, std::int64_t>> bounds(std::size_t wanted) const override {
        const ExtentColumn* column = find(plan().columns[wanted].name, plan().columns[wanted].type);
        if (column == nullptr) {
            return std::nullopt;
        }
        const ColumnPart& part = column->parts[group_];
        if (columns::is_bytes(column->type) || column->type == DataType::Real ||
            part.null_count > 0 || part.least.size() != 8 || part.greatest.size() != 8) {
            return std::nullopt;
        }
        std::pair<std::int64_t, std::int64_t> out;
        std::memcpy(&out.first, part.least.data(), 8);
        std::memcpy(&out.second, part.greatest.data(), 8);
        return out;
    }

  protected:
    bool some_hidden() const override { return entry_->received.least < plan().hidden_before; }
    Result<std::optional<TextRows>> search(const ScanPredicate& predicate) const override {
        using Op = ScanPredicate::Op;
        const ExtentColumn* column = entry_->extent->find_column(predicate.column);
        if (column == nullptr || !columns::is_bytes(column->type) || predicate.value.is_null() ||
            predicate.value.type() != DataType::String) {
            return std::optional<TextRows>();
        }
        if (predicate.op == Op::Equal) {
            QD_TRY(auto rows, entry_->extent->find_equal(*column, group_, predicate.value.bytes()));
            return rows ? std::optional(TextRows{.rows = std::move(*rows), .exact = true})
                        : std::nullopt;
        }
        const bool whole = predicate.op == Op::HasTerm;
        if (!whole && predicate.op != Op::HasText) {
            return std::optional<TextRows>();
        }
        TextNeedle needle{.text = std::string(predicate.value.bytes()), .whole = whole};
        for (char& c : needle.text) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        }
        return cache_->search(*column, group_, needle);
    }
    Result<ColumnPtr> stored(std::string_view name, DataType type,
                             const MorselRows& at) const override {
        const ExtentColumn* column = find(name, type);
        if (column == nullptr) {
            const std::size_t count = at ? at->size() : rows();
            return Column::make_constant(Scalar::null_of(type), static_cast<std::uint32_t>(count));
        }
        return at ? cache_->read_rows(*column, group_, *at) : cache_->read(*column, group_);
    }

  private:
    const ExtentColumn* find(std::string_view name, DataType type) const {
        const ExtentColumn* column = entry_->extent->find_column(name);
        return column != nullptr && column->type == type ? column : nullptr;
    }

    ExtentPtr entry_;
    std::shared_ptr<DictionaryCache> cache_;
    std::size_t group_;
};

class DamagedMorsel final : public Morsel {
  public:
    explicit DamagedMorsel(ExtentPtr entry) : entry_(std::move(entry)) {}
    std::uint32_t rows() const override { return static_cast<std::uint32_t>(entry_->stored.rows); }
    Result<MorselCandidates> candidates() const override { return *entry_->damage; }
    Result<Chunk> read(std::span<const std::size_t>, const MorselRows&) const override {
        return *entry_->damage;
    }

  private:
    ExtentPtr entry_;
};

class HeadMorsel final : public StoredMorsel {
  public:
    HeadMorsel(ScanPlanPtr plan, HeadBatchPtr batch, std::uint32_t begin, std::uint32_t count)
        : StoredMorsel(std::move(plan)), batch_(std::move(batch)), begin_(begin), count_(count) {}

    std::uint32_t rows() const override { return count_; }

  protected:
    bool some_hidden() const override { return batch_->received.least < plan().hidden_before; }
    Result<ColumnPtr> stored(std::string_view name, DataType type,
                             const MorselRows& at) const override {
        const ColumnPtr* column = batch_->find_column(name);
        if (column == nullptr || (*column)->type() != type) {
            const std::size_t count = at ? at->size() : count_;
            return Column::make_constant(Scalar::null_of(type), static_cast<std::uint32_t>(count));
        }
        ColumnPtr piece = columns::slice(*column, begin_, count_);
        return at ? columns::gather(piece, *at) : piece;
    }

  private:
    HeadBatchPtr batch_;
    std::uint32_t begin_;
    std::uint32_t count_;
};

}  // namespace

std::unique_ptr<Morsel> make_extent_morsel(ScanPlanPtr plan, ExtentPtr entry,
                                           std::shared_ptr<DictionaryCache> cache,
                                           std::size_t group) {
    return std::make_unique<ExtentMorsel>(std::move(plan), std::move(entry), std::move(cache),
                                          group);
}

std::unique_ptr<Morsel> make_head_morsel(ScanPlanPtr plan, HeadBatchPtr batch, std::uint32_t begin,
                                         std::uint32_t count) {
    return std::make_unique<HeadMorsel>(std::move(plan), std::move(batch), begin, count);
}

std::unique_ptr<Morsel> make_damaged_morsel(ExtentPtr entry) {
    return std::make_unique<DamagedMorsel>(std::move(entry));
}

}  // namespace qd::workspace::internal
