#pragma once

#include "function.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

/// Row access for kernels: reading a column of any layout without a branch per call, and building
/// fixed-width results in place.
namespace qd::kql {

/// A fixed-width column of any layout: value(i) and null(i) of row i.
template <typename T>
class FixedRows {
  public:
    explicit FixedRows(const ColumnPtr& column) {
        const columns::Column* flat = column.get();
        if (column->layout() == columns::Layout::Constant) {
            flat = column->constant().get();
            mask_ = 0;
        } else if (column->layout() == columns::Layout::Dictionary) {
            flat = column->dictionary().get();
            codes_ = column->codes().data();
        }
        values_ = flat->values<T>().data();
        nulls_ = flat->nulls().empty() ? nullptr : flat->nulls().data();
    }
    std::size_t position(std::size_t row) const {
        return codes_ != nullptr ? codes_[row] : (row & mask_);
    }
    T value(std::size_t row) const { return values_[position(row)]; }
    bool null(std::size_t row) const { return nulls_ != nullptr && nulls_[position(row)] != 0; }
    bool has_nulls() const { return nulls_ != nullptr; }
    /// The values themselves when row i is at i, else null.
    const T* plain() const { return codes_ == nullptr && mask_ != 0 ? values_ : nullptr; }
    bool constant() const { return codes_ == nullptr && mask_ == 0; }

  private:
    const T* values_ = nullptr;
    const std::uint8_t* nulls_ = nullptr;
    const std::uint32_t* codes_ = nullptr;
    std::size_t mask_ = ~std::size_t{0};
};

/// The same for strings and dynamics.
class BytesRows {
  public:
    explicit BytesRows(const ColumnPtr& column) {
        const columns::Column* flat = column.get();
        if (column->layout() == columns::Layout::Constant) {
            flat = column->constant().get();
            mask_ = 0;
        } else if (column->layout() == columns::Layout::Dictionary) {
            flat = column->dictionary().get();
            codes_ = column->codes().data();
        }
        offsets_ = flat->offsets().data();
        heap_ = flat->heap();
        nulls_ = flat->nulls().empty() ? nullptr : flat->nulls().data();
    }
    std::size_t position(std::size_t row) const {
        return codes_ != nullptr ? codes_[row] : (row & mask_);
    }
    std::string_view value(std::size_t row) const {
        const std::size_t p = position(row);
        return {heap_ + offsets_[p], offsets_[p + 1] - offsets_[p]};
    }
    bool null(std::size_t row) const { return nulls_ != nullptr && nulls_[position(row)] != 0; }

  private:
    const std::uint32_t* offsets_ = nullptr;
    const char* heap_ = nullptr;
    const std::uint8_t* nulls_ = nullptr;
    const std::uint32_t* codes_ = nullptr;
    std::size_t mask_ = ~std::size_t{0};
};

/// A Flat fixed-width column being filled: values of every row, nulls where set.
template <typename T>
class FixedOut {
  public:
    explicit FixedOut(std::uint32_t rows) : held_(std::make_shared<Held>()) {
        held_->values.resize(rows);
    }
    T* values() { return held_->values.data(); }
    void set(std::size_t row, T value) { held_->values[row] = value; }
    void set_null(std::size_t row) {
        if (held_->nulls.empty()) {
            held_->nulls.assign(held_->values.size(), 0);
        }
        held_->nulls[row] = 1;
    }
    std::uint8_t* nulls() {
        if (held_->nulls.empty()) {
            held_->nulls.assign(held_->values.size(), 0);
        }
        return held_->nulls.data();
    }
    ColumnPtr finish(DataType type) {
        auto held = std::move(held_);
        const auto rows = static_cast<std::uint32_t>(held->values.size());
        const T* values = held->values.data();
        const std::span<const std::uint8_t> nulls(held->nulls);
        return columns::Column::make_fixed(type, rows, values, nulls, std::move(held));
    }

  private:
    struct Held {
        std::vector<T> values;
        std::vector<std::uint8_t> nulls;
    };
    std::shared_ptr<Held> held_;
};

}  // namespace qd::kql
