#pragma once

#include "qd/columns/column.h"
#include "qd/kql/engine.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace qd::query {

/// Rows of texts, numbers and nulls under named columns: the shape of most command results.
class ResultRows {
  public:
    explicit ResultRows(
        std::initializer_list<std::pair<std::string_view, columns::DataType>> columns);
    /// One cell a column, in order; Value() is null ("" for strings).
    void add(std::initializer_list<Value> cells);
    kql::ResultTable finish();

  private:
    columns::Schema schema_;
    std::vector<columns::ColumnBuilder> builders_;
};

}  // namespace qd::query
