#include "column_inputs.h"

#include <algorithm>

namespace qd::workspace::internal {

using columns::Column;
using columns::ColumnPtr;
using columns::Scalar;

namespace {

// Every column that any of the fields lists name, in order of first sight.
void add_field(std::vector<ColumnInput>& inputs, const std::string& name, columns::DataType type) {
    for (const ColumnInput& input : inputs) {
        if (input.name == name) {
            return;
        }
    }
    inputs.push_back({name, type, {}});
}

}  // namespace

std::vector<std::uint32_t> time_order(const std::vector<ColumnInput>& inputs,
                                      std::int64_t hidden_before, std::uint64_t& rows) {
    std::vector<std::int64_t> times;
    std::vector<std::int64_t> received;
    for (const ColumnInput& input : inputs) {
        std::vector<std::int64_t>* out = input.name == kTimeGenerated  ? &times
                                         : input.name == kTimeReceived ? &received
                                                                       : nullptr;
        if (out == nullptr) {
            continue;
        }
        for (const ColumnPtr& piece : input.pieces) {
            for (std::uint32_t i = 0; i < piece->size(); ++i) {
                out->push_back(piece->is_null(i) ? 0 : piece->int_at(i));
            }
        }
    }
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (received.empty() || received[i] >= hidden_before) {
            order.push_back(i);
        }
    }
    const bool all = order.size() == rows;
    rows = order.size();
    if (times.empty() ||
        std::is_sorted(order.begin(), order.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; })) {
        return all ? std::vector<std::uint32_t>() : order;
    }
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return times[a] != times[b] ? times[a] < times[b] : a < b;
    });
    return order;
}

std::vector<ColumnInput> inputs_of_batches(std::span<const HeadBatchPtr> batches) {
    std::vector<ColumnInput> inputs;
    for (const HeadBatchPtr& batch : batches) {
        for (const columns::Field& field : batch->fields.fields) {
            add_field(inputs, field.name, field.type);
        }
    }
    for (ColumnInput& input : inputs) {
        for (const HeadBatchPtr& batch : batches) {
            const ColumnPtr* column = batch->find_column(input.name);
            input.pieces.push_back(
                column != nullptr
                    ? *column
                    : Column::make_constant(Scalar::null_of(input.type), batch->chunk.rows));
        }
    }
    return inputs;
}

Result<std::vector<ColumnInput>> inputs_of_extents(const std::vector<ExtentPtr>& extents) {
    std::vector<ColumnInput> inputs;
    for (const ExtentPtr& entry : extents) {
        for (const ExtentColumn& column : entry->extent->footer().columns) {
            if (column.parent.empty()) {
                add_field(inputs, column.name, column.type);
            }
        }
    }
    for (ColumnInput& input : inputs) {
        for (const ExtentPtr& entry : extents) {
            const ExtentColumn* column = entry->extent->find_column(input.name);
            DictionaryCache cache(entry->extent);
            const auto& groups = entry->extent->footer().group_rows;
            for (std::size_t g = 0; g < groups.size(); ++g) {
                if (column == nullptr || column->type != input.type) {
                    input.pieces.push_back(
                        Column::make_constant(Scalar::null_of(input.type), groups[g]));
                } else {
                    QD_TRY(auto piece, cache.read(*column, g));
                    input.pieces.push_back(std::move(piece));
                }
            }
        }
    }
    return inputs;
}

}  // namespace qd::workspace::internal
