#include "plugins/whole_table.h"

#include "constant_argument.h"
#include "qd/columns/compare.h"

#include <algorithm>

namespace qd::kql {

Result<WholeTable> whole_table(const columns::Schema& schema, const columns::Table& table) {
    WholeTable whole;
    whole.schema = schema;
    const std::uint64_t rows = table.rows();
    if (rows > 0x7fffffff) {
        return Error(Code::ResourceExhausted, "KQL0601", "too many rows for a plugin");
    }
    whole.rows = static_cast<std::uint32_t>(rows);
    for (std::size_t c = 0; c < schema.size(); ++c) {
        std::vector<ColumnPtr> pieces;
        for (const columns::Chunk& chunk : table.chunks) {
            if (chunk.rows > 0) {
                pieces.push_back(chunk.columns[c]);
            }
        }
        whole.columns.push_back(pieces.empty() ? columns::ColumnBuilder(schema[c].type).finish()
                                               : columns::concatenate(pieces));
    }
    return whole;
}

columns::Table chunked(columns::Schema schema, const std::vector<ColumnPtr>& whole) {
    columns::Table table;
    table.schema = std::move(schema);
    const std::uint32_t rows = whole.empty() ? 0 : whole[0]->size();
    for (std::uint32_t at = 0; at < rows; at += columns::kChunkRows) {
        columns::Chunk chunk;
        chunk.rows = std::min(columns::kChunkRows, rows - at);
        for (const ColumnPtr& column : whole) {
            chunk.columns.push_back(columns::slice(column, at, chunk.rows));
        }
        table.chunks.push_back(std::move(chunk));
    }
    return table;
}

PluginArguments::PluginArguments(std::string_view plugin, const PluginCall& call)
    : plugin_(plugin) {
    for (const PluginArgument& a : call.arguments) {
        (a.parameter.empty() ? positional_ : named_).push_back(&a);
    }
}

const PluginArgument* PluginArguments::at(std::size_t index) const {
    return index < positional_.size() ? positional_[index] : nullptr;
}

const PluginArgument* PluginArguments::named(std::string_view parameter) const {
    for (const PluginArgument* a : named_) {
        if (a->parameter == parameter) {
            return a;
        }
    }
    return nullptr;
}

Error PluginArguments::fault(std::size_t index, std::string_view what) const {
    const PluginArgument* a = at(index);
    std::string text = "argument " + std::to_string(index + 1) + " must be ";
    text += what;
    return argument_error(plugin_, text, a != nullptr ? a->span : TextSpan{});
}

Result<std::size_t> PluginArguments::column(std::size_t index) const {
    const PluginArgument* a = at(index);
    if (a == nullptr || a->kind != PluginArgument::Kind::Column) {
        return fault(index, "a column of the input");
    }
    return a->column;
}

Result<Scalar> PluginArguments::constant(std::size_t index) const {
    const PluginArgument* a = at(index);
    if (a == nullptr || a->kind != PluginArgument::Kind::Constant) {
        return fault(index, "a constant");
    }
    return a->constant;
}

Result<std::int64_t> PluginArguments::ticks(std::size_t index) const {
    QD_TRY(const Scalar value, constant(index));
    const bool time = value.type() == DataType::DateTime || value.type() == DataType::TimeSpan ||
                      value.type() == DataType::Long || value.type() == DataType::Int;
    if (!time || value.is_null()) {
        return fault(index, "a datetime, a timespan or a number");
    }
    return value.as_int();
}

Result<std::vector<std::size_t>> PluginArguments::columns_from(std::size_t index) const {
    std::vector<std::size_t> found;
    for (std::size_t i = index; i < positional_.size(); ++i) {
        QD_TRY(const std::size_t c, column(i));
        found.push_back(c);
    }
    return found;
}

RowGroups group_rows(const WholeTable& table, const std::vector<std::size_t>& keys) {
    RowGroups groups;
    groups.group_of_row.resize(table.rows);
    std::vector<std::uint64_t> hashes(table.rows, 0);
    for (const std::size_t k : keys) {
        columns::hash_column(*table.columns[k], hashes);
    }
    std::unordered_multimap<std::uint64_t, std::uint32_t> known;
    for (std::uint32_t row = 0; row < table.rows; ++row) {
        const auto [from, to] = known.equal_range(hashes[row]);
        std::uint32_t group = groups.size();
        for (auto it = from; it != to; ++it) {
            const std::uint32_t first = groups.first_row[it->second];
            const bool same = std::all_of(keys.begin(), keys.end(), [&](std::size_t k) {
                return columns::equal_rows(*table.columns[k], row, *table.columns[k], first);
            });
            if (same) {
                group = it->second;
                break;
            }
        }
        if (group == groups.size()) {
            known.emplace(hashes[row], group);
            groups.first_row.push_back(row);
        }
        groups.group_of_row[row] = group;
    }
    return groups;
}

std::string unique_name(const columns::Schema& schema, std::string name) {
    if (!schema.index_of(name)) {
        return name;
    }
    for (int i = 1;; ++i) {
        std::string candidate = name + std::to_string(i);
        if (!schema.index_of(candidate)) {
            return candidate;
        }
    }
}

std::int64_t bin_from(std::int64_t value, std::int64_t origin, std::int64_t step) {
    std::int64_t steps = (value - origin) / step;
    if ((value - origin) % step < 0) {
        --steps;
    }
    return origin + steps * step;
}

}  // namespace qd::kql
