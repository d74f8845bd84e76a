#pragma once

#include "qd/codec/csv.h"
#include "qd/codec/value.h"

#include <string>
#include <vector>

namespace qd::cli {

/// The types of a CSV file's columns, from all their cells: a column is bool, long or real only
/// when every cell that says something is one as JSON would write it ("007" and "+1" stay text).
class CsvTypes {
  public:
    explicit CsvTypes(std::size_t columns) : kinds_(columns, Kind::Unseen) {}

    void see(const std::vector<codec::CsvReader::Field>& record);
    /// A cell as a value of its column's type.
    Value value(std::size_t column, std::string cell) const;

  private:
    enum class Kind : std::uint8_t { Unseen, Bool, Long, Real, Text };
    static Kind kind_of(const std::string& cell);

    std::vector<Kind> kinds_;
};

}  // namespace qd::cli
