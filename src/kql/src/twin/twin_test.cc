// The engine equals its naive twin on random queries over random tables, whatever the chunk size,
// the number of workers, the layout of the columns and the optimiser.
#include "twin/twin.h"

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/kql/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace qd::kql::twin {
namespace {

using columns::Chunk;
using columns::ColumnBuilder;
using columns::ColumnPtr;

class TwinCatalog final : public Catalog {
  public:
    std::string default_database() const override { return "db"; }
    std::shared_ptr<TableSource> find_table(std::string_view, std::string_view name) override {
        const auto it = tables.find(name);
        return it == tables.end() ? nullptr : it->second;
    }
    std::vector<std::string> table_names(std::string_view) override { return {}; }
    std::optional<StoredFunction> find_function(std::string_view, std::string_view) override {
        return std::nullopt;
    }
    Result<std::string> read_external(std::string_view) override { return std::string(); }
    std::map<std::string, std::shared_ptr<TableSource>, std::less<>> tables;
};

void append(ColumnBuilder& builder, const Cell& cell) {
    if (cell.null) {
        builder.append_null();
    } else if (cell.type == DataType::Bool) {
        builder.append_bool(cell.integer != 0);
    } else if (cell.type == DataType::Real) {
        builder.append_real(cell.real);
    } else if (cell.type == DataType::String) {
        builder.append_bytes(cell.text);
    } else {
        builder.append_int(cell.integer);
    }
}

/// Every other chunk's columns are dictionaries, as an extent's are.
ColumnPtr encode(const Rows& rows, std::size_t column, std::size_t begin, std::size_t end,
                 bool as_dictionary) {
    ColumnBuilder values(rows.columns[column].type);
    std::vector<std::uint32_t> codes;
    std::vector<Cell> known;
    for (std::size_t i = begin; i < end; ++i) {
        const Cell& cell = rows.rows[i][column];
        if (!as_dictionary) {
            append(values, cell);
            continue;
        }
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const Cell& other) { return same(other, cell); });
        codes.push_back(static_cast<std::uint32_t>(found - known.begin()));
        if (found == known.end()) {
            known.push_back(cell);
            append(values, cell);
        }
    }
    ColumnPtr out = values.finish();
    return as_dictionary ? columns::Column::make_dictionary(out, codes) : out;
}

std::shared_ptr<TableSource> source_of(const Rows& rows) {
    columns::Table table;
    for (const Column& column : rows.columns) {
        table.schema.fields.push_back({column.name, column.type});
    }
    constexpr std::size_t kPiece = 37;
    for (std::size_t begin = 0; begin < rows.rows.size(); begin += kPiece) {
        const std::size_t end = std::min(begin + kPiece, rows.rows.size());
        Chunk chunk;
        chunk.rows = static_cast<std::uint32_t>(end - begin);
        for (std::size_t c = 0; c < rows.columns.size(); ++c) {
            chunk.columns.push_back(encode(rows, c, begin, end, begin % 2 == 1));
        }
        table.chunks.push_back(std::move(chunk));
    }
    return make_memory_source(std::move(table));
}

Cell cell_at(const columns::Column& column, DataType type, std::uint32_t row) {
    if (column.is_null(row)) {
        return null_of(type);
    }
    if (type == DataType::String) {
        return of_text(std::string(column.bytes_at(row)));
    }
    if (type == DataType::Real) {
        return of_real(column.real_at(row));
    }
    return of_ticks(type, column.int_at(row));
}

std::vector<std::string> lines(const std::vector<Row>& rows, bool ordered) {
    std::vector<std::string> out;
    for (const Row& row : rows) {
        std::string line;
        for (const Cell& cell : row) {
            line += text_of(cell) + "|";
        }
        out.push_back(std::move(line));
    }
    if (!ordered) {
        std::sort(out.begin(), out.end());
    }
    return out;
}

struct Setting {
    std::uint32_t chunk_rows;
    std::size_t workers;
    bool optimise;
};
constexpr Setting kSettings[] = {{2048, 2, true}, {7, 1, true}, {1, 2, false}, {2048, 1, false}};

class TwinTest : public ::testing::TestWithParam<int> {};

TEST_P(TwinTest, EngineEqualsTheTwin) {
    Random random(static_cast<std::uint64_t>(GetParam()));
    ThreadPool pool(2);
    RealClock clock;
    const Engine engine(pool, clock);
    for (int table = 0; table < 10; ++table) {
        const Rows t = random_table(random, 150);
        const Rows u = random_table(random, 25);
        TwinCatalog catalog;
        catalog.tables["T"] = source_of(t);
        catalog.tables["U"] = source_of(u);
        for (int q = 0; q < 25; ++q) {
            const Query query = random_query(random, t, u);
            const std::vector<std::string> expected = lines(query.answer.rows, query.ordered);
            for (const Setting& setting : kSettings) {
                QueryOptions options;
                options.chunk_rows = setting.chunk_rows;
                options.workers = setting.workers;
                options.optimise = setting.optimise;
                const auto got = engine.run(query.text, catalog, options);
                ASSERT_TRUE(got.ok()) << got.error().text() << "\n" << query.text;
                const ResultTable& result = got.value().tables.front();
                ASSERT_EQ(result.schema.size(), query.answer.columns.size()) << query.text;
                std::vector<Row> rows;
                for (const Chunk& chunk : result.chunks) {
                    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
                        Row row;
                        for (std::size_t c = 0; c < result.schema.size(); ++c) {
                            ASSERT_EQ(result.schema[c].type, query.answer.columns[c].type)
                                << result.schema[c].name << "\n"
                                << query.text;
                            row.push_back(cell_at(*chunk.columns[c], result.schema[c].type, i));
                        }
                        rows.push_back(std::move(row));
                    }
                }
                const std::vector<std::string> made = lines(rows, query.ordered);
                const auto [ours, theirs] =
                    std::mismatch(made.begin(), made.end(), expected.begin(), expected.end());
                ASSERT_EQ(ours == made.end() ? "nothing" : *ours,
                          theirs == expected.end() ? "nothing" : *theirs)
                    << "chunks of " << setting.chunk_rows << ", " << setting.workers
                    << " workers, optimiser " << setting.optimise << "\n"
                    << query.text;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TwinTest, ::testing::Range(280, 300));

}  // namespace
}  // namespace qd::kql::twin
