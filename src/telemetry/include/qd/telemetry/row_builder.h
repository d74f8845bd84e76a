#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qd::telemetry {

/// Builds rows of one table column by column, by name. Cells never set are null ("" in string
/// columns); columns no row has touched are left out of the result.
/// Usage: begin_row(), then set_…() of that row's cells, and so on; finish().
class RowBuilder {
  public:
    RowBuilder(std::string table, const columns::Schema& schema);

    const std::string& table() const { return table_; }
    std::uint32_t rows() const { return rows_; }
    /// Columns of the table.
    std::size_t columns() const { return slots_.size(); }
    /// Index to pass to the setters; nothing when the table has no such column.
    std::optional<std::size_t> column(std::string_view name) const;
    const columns::Field& field(std::size_t column) const { return slots_[column].field; }

    void begin_row() { ++rows_; }
    /// Takes back the row begun last.
    void drop_row();

    /// A cell of the row begun last; setting a cell twice keeps the first. The setters must fit
    /// the column's type, except text(), number() and value() which convert.
    void set(std::size_t column, const columns::Scalar& scalar);
    void set_bytes(std::size_t column, std::string_view bytes);
    void set_int(std::size_t column, std::int64_t v);
    void set_real(std::size_t column, double v);
    /// By name; a table without the column, or a value that does not fit, leaves the cell empty.
    void text(std::string_view name, std::string_view v);
    void time(std::string_view name, Timestamp v);
    void number(std::string_view name, double v);
    void integer(std::string_view name, std::int64_t v);
    void boolean(std::string_view name, bool v);
    void value(std::string_view name, const Value& v);
    bool has(std::string_view name) const;
    /// Whether the row begun last has that cell.
    bool is_set(std::size_t column) const {
        return slots_[column].builder != nullptr && slots_[column].builder->size() == rows_;
    }

    columns::Table finish();

  private:
    struct Slot {
        columns::Field field;
        std::unique_ptr<columns::ColumnBuilder> builder;
    };
    /// The builder of a column, padded with nulls up to the row begun last; null pointer when that
    /// cell is already there.
    columns::ColumnBuilder* cell(std::size_t column);

    std::string table_;
    std::vector<Slot> slots_;
    std::unordered_map<std::string, std::size_t> index_;
    std::uint32_t rows_ = 0;
};

}  // namespace qd::telemetry
