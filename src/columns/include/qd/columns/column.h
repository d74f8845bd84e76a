#pragma once

#include "qd/codec/value.h"
#include "qd/columns/byte_buffer.h"
#include "qd/columns/scalar.h"
#include "qd/columns/type.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd::columns {

class Column;
using ColumnPtr = std::shared_ptr<const Column>;

/// Rows of one chunk: the unit of execution.
inline constexpr std::uint32_t kChunkRows = 2048;

/// Where the rows of a column lie.
enum class Layout : std::uint8_t {
    Flat,        // one value a row
    Constant,    // one value for all rows
    Dictionary,  // a code a row into another column (which is Flat); shared by many chunks
};

/// An immutable column. Every layout can carry nulls: Flat by its own mask, Constant by a null
/// value, Dictionary by a code whose entry is null. A String column holds no nulls.
/// Lifetime: payload is shared; spans stay valid as long as the ColumnPtr they came from.
/// Threads: any.
class Column {
  public:
    DataType type() const { return type_; }
    Layout layout() const { return layout_; }
    std::uint32_t size() const { return size_; }

    /// Flat only: the values of a fixed-width type. T is u8, i32, i64, double or Wide.
    template <typename T>
    std::span<const T> values() const {
        return {static_cast<const T*>(data_), size_};
    }
    /// Flat only: 1 where the row is null; empty when no row is.
    std::span<const std::uint8_t> nulls() const { return nulls_; }
    /// Flat only, bytes types: size()+1 offsets into the heap.
    std::span<const std::uint32_t> offsets() const { return offsets_; }
    const char* heap() const { return static_cast<const char*>(data_); }

    /// Dictionary only.
    std::span<const std::uint32_t> codes() const {
        return {static_cast<const std::uint32_t*>(data_), size_};
    }
    const ColumnPtr& dictionary() const { return inner_; }
    /// Constant only: a Flat column of one row.
    const ColumnPtr& constant() const { return inner_; }

    /// Any layout, any row: slower than the spans, for row-wise code.
    bool is_null(std::uint32_t row) const;
    std::int64_t int_at(std::uint32_t row) const;  // Bool, Int, Long, DateTime, TimeSpan
    double real_at(std::uint32_t row) const;       // Real, and the integers converted
    Wide wide_at(std::uint32_t row) const;
    std::string_view bytes_at(std::uint32_t row) const;
    Scalar scalar_at(std::uint32_t row) const;

    std::size_t memory_bytes() const;

    static ColumnPtr make_constant(const Scalar& value, std::uint32_t rows);
    /// codes[i] < dictionary->size(); dictionary must be Flat and of any size.
    static ColumnPtr make_dictionary(ColumnPtr dictionary, std::vector<std::uint32_t> codes);
    /// The same over codes that `owner` keeps alive.
    static ColumnPtr make_dictionary_view(ColumnPtr dictionary,
                                          std::span<const std::uint32_t> codes,
                                          std::shared_ptr<const void> owner);
    /// Views over memory that `owner` keeps alive (decoded extent blocks).
    static ColumnPtr make_fixed(DataType type, std::uint32_t rows, const void* values,
                                std::span<const std::uint8_t> nulls,
                                std::shared_ptr<const void> owner);
    static ColumnPtr make_bytes(DataType type, std::span<const std::uint32_t> offsets,
                                const char* heap, std::span<const std::uint8_t> nulls,
                                std::shared_ptr<const void> owner);

  private:
    friend class ColumnBuilder;
    DataType type_ = DataType::Bool;
    Layout layout_ = Layout::Flat;
    std::uint32_t size_ = 0;
    const void* data_ = nullptr;
    std::span<const std::uint8_t> nulls_;
    std::span<const std::uint32_t> offsets_;
    ColumnPtr inner_;
    std::shared_ptr<const void> owner_;
};

/// Grows a Flat column value by value, then hands it out.
class ColumnBuilder {
  public:
    explicit ColumnBuilder(DataType type, std::uint32_t reserve_rows = 0);
    DataType type() const { return type_; }
    std::uint32_t size() const { return rows_; }

    void append_null();  // "" for a String
    void append_bool(bool v);
    void append_int(std::int64_t v);  // Int (truncated), Long, DateTime, TimeSpan
    void append_real(double v);
    void append_wide(Wide v);
    void append_bytes(std::string_view v);                      // String text or variant bytes
    void append_value(const Value& v);                          // Dynamic only
    void append(const Scalar& v);                               // same type
    void append_from(const Column& column, std::uint32_t row);  // same type
    void append_repeated(const Scalar& v, std::uint32_t times);
    /// Takes back the value appended last.
    void drop_last();

    /// The builder is empty afterwards.
    ColumnPtr finish();

  private:
    DataType type_;
    std::uint32_t rows_ = 0;
    bool any_null_ = false;
    ByteBuffer bytes_;                    // fixed-width values or heap
    std::vector<std::uint32_t> offsets_;  // bytes types
    std::vector<std::uint8_t> nulls_;
};

/// Any layout as Flat (itself when it is).
ColumnPtr flatten(const ColumnPtr& column);
/// The rows named by `rows`, in that order. Dictionary stays Dictionary, Constant stays Constant.
ColumnPtr gather(const ColumnPtr& column, std::span<const std::uint32_t> rows);
/// The same, where kNoRow stands for a row that is missing: null, "" for a String.
inline constexpr std::uint32_t kNoRow = 0xffffffff;
ColumnPtr gather_or_null(const ColumnPtr& column, std::span<const std::uint32_t> rows);
/// Rows [begin, begin + count).
ColumnPtr slice(const ColumnPtr& column, std::uint32_t begin, std::uint32_t count);
/// One column after the other, Flat; same types; at least one.
ColumnPtr concatenate(std::span<const ColumnPtr> columns);
/// The same, but texts and dynamics that are all dictionaries become one dictionary.
ColumnPtr stack(std::span<const ColumnPtr> columns);

/// Columns of equal length.
struct Chunk {
    std::vector<ColumnPtr> columns;
    std::uint32_t rows = 0;
};
Chunk gather(const Chunk& chunk, std::span<const std::uint32_t> rows);
Chunk slice(const Chunk& chunk, std::uint32_t begin, std::uint32_t count);

/// A whole small table: a query result, a batch of rows to ingest.
struct Table {
    Schema schema;
    std::vector<Chunk> chunks;
    std::uint64_t rows() const;
};

}  // namespace qd::columns
