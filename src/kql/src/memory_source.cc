#include "qd/kql/source.h"

#include <algorithm>
#include <limits>

namespace qd::kql {

using columns::Chunk;
using columns::Schema;
using columns::Table;

namespace {

class MemoryMorsel final : public Morsel {
  public:
    MemoryMorsel(std::shared_ptr<const Table> table, std::size_t chunk,
                 std::vector<std::size_t> columns)
        : table_(std::move(table)), chunk_(chunk), columns_(std::move(columns)) {}
    std::uint32_t rows() const override { return table_->chunks[chunk_].rows; }
    std::optional<std::pair<std::int64_t, std::int64_t>> bounds(std::size_t wanted) const override {
        const columns::Column& column = *table_->chunks[chunk_].columns[columns_[wanted]];
        if (column.size() == 0 || columns::is_bytes(column.type()) ||
            columns::fixed_width(column.type()) > 8 || column.type() == columns::DataType::Real) {
            return std::nullopt;
        }
        std::pair<std::int64_t, std::int64_t> out(std::numeric_limits<std::int64_t>::max(),
                                                  std::numeric_limits<std::int64_t>::min());
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            if (column.is_null(i)) {
                return std::nullopt;
            }
            out.first = std::min(out.first, column.int_at(i));
            out.second = std::max(out.second, column.int_at(i));
        }
        return out;
    }
    Result<Chunk> read(std::span<const std::size_t> wanted, const MorselRows& rows) override {
        const Chunk& from = table_->chunks[chunk_];
        Chunk out;
        out.rows = rows ? static_cast<std::uint32_t>(rows->size()) : from.rows;
        for (const std::size_t place : wanted) {
            const columns::ColumnPtr& column = from.columns[columns_[place]];
            out.columns.push_back(rows ? columns::gather(column, *rows) : column);
        }
        return out;
    }

  private:
    std::shared_ptr<const Table> table_;
    std::size_t chunk_;
    std::vector<std::size_t> columns_;
};

class MemorySource final : public TableSource {
  public:
    explicit MemorySource(Table table) : table_(std::make_shared<const Table>(std::move(table))) {}
    const Schema& schema() const override { return table_->schema; }
    Result<std::vector<std::unique_ptr<Morsel>>> scan(const ScanRequest& request) override {
        std::vector<std::size_t> columns;
        for (const std::string& name : request.columns) {
            const auto index = table_->schema.index_of(name);
            if (!index) {
                return Error(Code::NotFound, "KQL0005", "no such column: " + name);
            }
            columns.push_back(*index);
        }
        std::vector<std::unique_ptr<Morsel>> out;
        for (std::size_t i = 0; i < table_->chunks.size(); ++i) {
            out.push_back(std::make_unique<MemoryMorsel>(table_, i, columns));
        }
        return out;
    }

  private:
    std::shared_ptr<const Table> table_;
};

}  // namespace

std::shared_ptr<TableSource> make_memory_source(Table table) {
    return std::make_shared<MemorySource>(std::move(table));
}

}  // namespace qd::kql
