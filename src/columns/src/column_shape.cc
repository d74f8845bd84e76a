// Whole-column rearrangements: flatten, gather, slice, concatenate. Slices share their parent's
// payload; the others copy, fixed-width types with one typed loop each and bytes types in two
// passes (sizes, then bytes) so that the heap is allocated once.
#include "qd/base/check.h"
#include "qd/columns/column.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>

namespace qd::columns {

namespace {

struct Buffers {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint8_t> nulls;
};

template <typename T>
void gather_values(const Column& flat, std::span<const std::uint32_t> rows,
                   std::vector<std::uint8_t>& out) {
    out.resize(rows.size() * sizeof(T));
    const T* from = flat.values<T>().data();
    auto* to = static_cast<T*>(static_cast<void*>(out.data()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        to[i] = from[rows[i]];
    }
}

void gather_bytes(const Column& flat, std::span<const std::uint32_t> rows, Buffers& out) {
    const auto offsets = flat.offsets();
    out.offsets.resize(rows.size() + 1);
    std::size_t total = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        total += offsets[rows[i] + 1] - offsets[rows[i]];
        QD_CHECK(total <= std::numeric_limits<std::uint32_t>::max());
        out.offsets[i + 1] = static_cast<std::uint32_t>(total);
    }
    out.bytes.resize(total);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t length = offsets[rows[i] + 1] - offsets[rows[i]];
        if (length > 0) {
            std::memcpy(out.bytes.data() + out.offsets[i], flat.heap() + offsets[rows[i]], length);
        }
    }
}

ColumnPtr to_column(DataType type, std::uint32_t rows, Buffers&& buffers) {
    auto owner = std::make_shared<Buffers>(std::move(buffers));
    if (is_bytes(type)) {
        const char* heap = static_cast<const char*>(static_cast<const void*>(owner->bytes.data()));
        const std::span<const std::uint32_t> offsets(owner->offsets);
        const std::span<const std::uint8_t> nulls(owner->nulls);
        return Column::make_bytes(type, offsets, heap, nulls, std::move(owner));
    }
    const void* values = owner->bytes.data();
    const std::span<const std::uint8_t> nulls(owner->nulls);
    return Column::make_fixed(type, rows, values, nulls, std::move(owner));
}

ColumnPtr gather_flat(const Column& flat, std::span<const std::uint32_t> rows) {
    Buffers out;
    if (!flat.nulls().empty()) {
        out.nulls.resize(rows.size());
        bool any = false;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            out.nulls[i] = flat.nulls()[rows[i]];
            any = any || out.nulls[i] != 0;
        }
        if (!any) {
            out.nulls.clear();
        }
    }
    if (is_bytes(flat.type())) {
        gather_bytes(flat, rows, out);
    } else {
        switch (fixed_width(flat.type())) {
            case 1:
                gather_values<std::uint8_t>(flat, rows, out.bytes);
                break;
            case 4:
                gather_values<std::int32_t>(flat, rows, out.bytes);
                break;
            case 8:
                gather_values<std::int64_t>(flat, rows, out.bytes);
                break;
            default:
                gather_values<Wide>(flat, rows, out.bytes);
                break;
        }
    }
    return to_column(flat.type(), static_cast<std::uint32_t>(rows.size()), std::move(out));
}

}  // namespace

ColumnPtr flatten(const ColumnPtr& column) {
    switch (column->layout()) {
        case Layout::Flat:
            return column;
        case Layout::Dictionary:
            return gather_flat(*column->dictionary(), column->codes());
        case Layout::Constant: {
            const std::vector<std::uint32_t> zeros(column->size(), 0);
            return gather_flat(*column->constant(), zeros);
        }
    }
    return column;
}

ColumnPtr gather(const ColumnPtr& column, std::span<const std::uint32_t> rows) {
    switch (column->layout()) {
        case Layout::Flat:
            return gather_flat(*column, rows);
        case Layout::Dictionary: {
            const auto codes = column->codes();
            std::vector<std::uint32_t> picked(rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                picked[i] = codes[rows[i]];
            }
            return Column::make_dictionary(column->dictionary(), std::move(picked));
        }
        case Layout::Constant:
            return Column::make_constant(column->constant()->scalar_at(0),
                                         static_cast<std::uint32_t>(rows.size()));
    }
    return column;
}

namespace {

template <typename T>
ColumnPtr gather_fixed_or_null(const Column& flat, std::span<const std::uint32_t> rows) {
    Buffers out;
    out.bytes.resize(rows.size() * sizeof(T));
    out.nulls.resize(rows.size());
    const T* from = flat.values<T>().data();
    auto* to = static_cast<T*>(static_cast<void*>(out.bytes.data()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool missing = rows[i] == kNoRow;
        to[i] = missing ? T{} : from[rows[i]];
        out.nulls[i] = missing || (!flat.nulls().empty() && flat.nulls()[rows[i]] != 0) ? 1 : 0;
    }
    return to_column(flat.type(), static_cast<std::uint32_t>(rows.size()), std::move(out));
}

/// One more entry behind the dictionary's own stands for the missing rows.
ColumnPtr gather_codes_or_null(const Column& column, std::span<const std::uint32_t> rows) {
    const Column& dictionary = *column.dictionary();
    ColumnBuilder entries(column.type(), dictionary.size() + 1);
    for (std::uint32_t i = 0; i < dictionary.size(); ++i) {
        entries.append_from(dictionary, i);
    }
    entries.append_null();
    std::vector<std::uint32_t> codes(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        codes[i] = rows[i] == kNoRow ? dictionary.size() : column.codes()[rows[i]];
    }
    return Column::make_dictionary(entries.finish(), std::move(codes));
}

}  // namespace

ColumnPtr gather_or_null(const ColumnPtr& column, std::span<const std::uint32_t> rows) {
    if (std::find(rows.begin(), rows.end(), kNoRow) == rows.end()) {
        return gather(column, rows);
    }
    if (column->layout() == Layout::Dictionary && column->dictionary()->size() <= rows.size()) {
        return gather_codes_or_null(*column, rows);
    }
    if (column->layout() == Layout::Flat && !is_bytes(column->type())) {
        switch (fixed_width(column->type())) {
            case 1:
                return gather_fixed_or_null<std::uint8_t>(*column, rows);
            case 4:
                return gather_fixed_or_null<std::int32_t>(*column, rows);
            case 8:
                return gather_fixed_or_null<std::int64_t>(*column, rows);
            default:
                return gather_fixed_or_null<Wide>(*column, rows);
        }
    }
    ColumnBuilder out(column->type(), static_cast<std::uint32_t>(rows.size()));
    for (const std::uint32_t row : rows) {
        if (row == kNoRow) {
            out.append_null();
        } else {
            out.append_from(*column, row);
        }
    }
    return out.finish();
}

ColumnPtr slice(const ColumnPtr& column, std::uint32_t begin, std::uint32_t count) {
    QD_CHECK(begin <= column->size() && count <= column->size() - begin);
    if (begin == 0 && count == column->size()) {
        return column;
    }
    switch (column->layout()) {
        case Layout::Constant:
            return Column::make_constant(column->constant()->scalar_at(0), count);
        case Layout::Dictionary:
            return Column::make_dictionary_view(column->dictionary(),
                                                column->codes().subspan(begin, count), column);
        case Layout::Flat:
            break;
    }
    const auto nulls =
        column->nulls().empty() ? column->nulls() : column->nulls().subspan(begin, count);
    if (is_bytes(column->type())) {
        return Column::make_bytes(column->type(),
                                  column->offsets().subspan(begin, std::size_t{count} + 1),
                                  column->heap(), nulls, column);
    }
    const auto* base = static_cast<const std::uint8_t*>(static_cast<const void*>(column->heap()));
    return Column::make_fixed(column->type(), count, base + begin * fixed_width(column->type()),
                              nulls, column);
}

ColumnPtr concatenate(std::span<const ColumnPtr> columns) {
    QD_CHECK(!columns.empty());
    if (columns.size() == 1) {
        return flatten(columns[0]);
    }
    const DataType type = columns[0]->type();
    Buffers out;
    std::uint32_t rows = 0;
    if (is_bytes(type)) {
        out.offsets.push_back(0);
    }
    for (const ColumnPtr& part : columns) {
        QD_CHECK(part->type() == type);
        const ColumnPtr flat = flatten(part);
        if (!flat->nulls().empty() || !out.nulls.empty()) {
            out.nulls.resize(rows, 0);
            out.nulls.insert(out.nulls.end(), flat->nulls().begin(), flat->nulls().end());
            out.nulls.resize(std::size_t{rows} + flat->size(), 0);
        }
        if (is_bytes(type)) {
            const auto offsets = flat->offsets();
            const std::size_t base = out.bytes.size();
            const std::size_t length = offsets.back() - offsets.front();
            QD_CHECK(base + length <= std::numeric_limits<std::uint32_t>::max());
            out.bytes.insert(out.bytes.end(), flat->heap() + offsets.front(),
                             flat->heap() + offsets.back());
            for (std::size_t i = 1; i < offsets.size(); ++i) {
                out.offsets.push_back(
                    static_cast<std::uint32_t>(base + offsets[i] - offsets.front()));
            }
        } else {
            const auto* from =
                static_cast<const std::uint8_t*>(static_cast<const void*>(flat->heap()));
            out.bytes.insert(out.bytes.end(), from, from + fixed_width(type) * flat->size());
        }
        rows += flat->size();
    }
    return to_column(type, rows, std::move(out));
}

ColumnPtr stack(std::span<const ColumnPtr> columns) {
    constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();
    const bool dictionaries = is_bytes(columns[0]->type()) &&
                              std::all_of(columns.begin(), columns.end(), [](const ColumnPtr& c) {
                                  return c->layout() == Layout::Dictionary;
                              });
    if (!dictionaries) {
        return concatenate(columns);
    }
    std::map<const Column*, std::vector<std::uint32_t>> places;
    std::unordered_map<std::string_view, std::uint32_t> seen;
    std::uint32_t null_code = kUnknown;
    ColumnBuilder entries(columns[0]->type());
    std::vector<std::uint32_t> codes;
    for (const ColumnPtr& part : columns) {
        const Column& dictionary = *part->dictionary();
        std::vector<std::uint32_t>& place = places[&dictionary];
        place.resize(dictionary.size(), kUnknown);
        for (const std::uint32_t code : part->codes()) {
            if (place[code] == kUnknown) {
                // Fresh entries are numbered in the order they are met.
                std::uint32_t& known =
                    dictionary.is_null(code)
                        ? null_code
                        : seen.try_emplace(dictionary.bytes_at(code), kUnknown).first->second;
                if (known == kUnknown) {
                    known = entries.size();
                    entries.append_from(dictionary, code);
                }
                place[code] = known;
            }
            codes.push_back(place[code]);
        }
    }
    return Column::make_dictionary(entries.finish(), std::move(codes));
}

Chunk gather(const Chunk& chunk, std::span<const std::uint32_t> rows) {
    Chunk out;
    out.rows = static_cast<std::uint32_t>(rows.size());
    out.columns.reserve(chunk.columns.size());
    for (const ColumnPtr& column : chunk.columns) {
        out.columns.push_back(gather(column, rows));
    }
    return out;
}

Chunk slice(const Chunk& chunk, std::uint32_t begin, std::uint32_t count) {
    Chunk out;
    out.rows = count;
    out.columns.reserve(chunk.columns.size());
    for (const ColumnPtr& column : chunk.columns) {
        out.columns.push_back(slice(column, begin, count));
    }
    return out;
}

}  // namespace qd::columns
