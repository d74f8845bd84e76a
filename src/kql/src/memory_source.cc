#include "qd/kql/source.h"

#include <algorithm>

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
    std::uint64_t rows_estimate() const override { return table_->chunks[chunk_].rows; }
    Result<std::vector<Chunk>> read() override {
        const Chunk& from = table_->chunks[chunk_];
        Chunk out;
        out.rows = from.rows;
        for (const std::size_t c : columns_) {
            out.columns.push_back(from.columns[c]);
        }
        std::vector<Chunk> chunks;
        for (std::uint32_t at = 0; at < out.rows; at += columns::kChunkRows) {
            const std::uint32_t count = std::min(columns::kChunkRows, out.rows - at);
            chunks.push_back(count == out.rows ? out : columns::slice(out, at, count));
        }
        return chunks;
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
