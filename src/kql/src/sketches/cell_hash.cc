#include "cell_hash.h"

#include "stable_hash.h"

#include <bit>
#include <cmath>

namespace qd::kql {

namespace {

using columns::Column;
using columns::DataType;

// Zero stands for null: a value that hashes to it moves by one.
std::uint64_t not_null(std::uint64_t hash) {
    return hash == CellHasher::kNullHash ? 1 : hash;
}

void hash_flat(const Column& column, std::vector<std::uint64_t>& out) {
    out.resize(column.size());
    for (std::uint32_t i = 0; i < column.size(); ++i) {
        if (!column.nulls().empty() && column.nulls()[i] != 0) {
            out[i] = CellHasher::kNullHash;
            continue;
        }
        switch (column.type()) {
            case DataType::Bool:
            case DataType::Int:
            case DataType::Long:
            case DataType::DateTime:
            case DataType::TimeSpan:
                out[i] = not_null(stable_hash_word(static_cast<std::uint64_t>(column.int_at(i)) +
                                                   0x9e3779b97f4a7c15ULL));
                break;
            case DataType::Real: {
                const double v = column.real_at(i);
                const double canonical = v == 0 ? 0.0 : (std::isnan(v) ? std::nan("") : v);
                out[i] = not_null(stable_hash_word(std::bit_cast<std::uint64_t>(canonical) + 17));
                break;
            }
            case DataType::Decimal:
            case DataType::Guid: {
                const Wide w = column.wide_at(i);
                out[i] = not_null(stable_hash_word(stable_hash_word(w.high + 3) ^ w.low));
                break;
            }
            case DataType::String:
            case DataType::Dynamic:
                out[i] = not_null(stable_hash_bytes(column.bytes_at(i)));
                break;
        }
    }
}

}  // namespace

std::span<const std::uint64_t> CellHasher::entries(const columns::ColumnPtr& column) {
    if (dictionary_ != column->dictionary()) {
        dictionary_ = column->dictionary();
        hash_flat(*dictionary_, of_entry_);
    }
    return of_entry_;
}

std::span<const std::uint64_t> CellHasher::hash(const columns::ColumnPtr& column) {
    if (column->layout() == columns::Layout::Dictionary) {
        const auto of_entry = entries(column);
        const auto codes = column->codes();
        of_row_.resize(codes.size());
        for (std::size_t i = 0; i < codes.size(); ++i) {
            of_row_[i] = of_entry[codes[i]];
        }
        return of_row_;
    }
    if (column->layout() == columns::Layout::Constant) {
        std::vector<std::uint64_t> one;
        hash_flat(*column->constant(), one);
        of_row_.assign(column->size(), one[0]);
        return of_row_;
    }
    hash_flat(*column, of_row_);
    return of_row_;
}

}  // namespace qd::kql
