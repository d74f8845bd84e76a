// Values of the twin: making, comparing, printing.
#include "twin/twin.h"

#include <cmath>
#include <cstdio>

namespace qd::kql::twin {

Cell null_of(DataType type) {
    Cell cell;
    cell.type = type;
    cell.null = type != DataType::String;
    return cell;
}

Cell of_bool(bool v) {
    return {.type = DataType::Bool, .null = false, .integer = v ? 1 : 0, .real = 0, .text = {}};
}
Cell of_long(std::int64_t v) {
    return {.type = DataType::Long, .null = false, .integer = v, .real = 0, .text = {}};
}
Cell of_real(double v) {
    return {.type = DataType::Real, .null = false, .integer = 0, .real = v, .text = {}};
}
Cell of_text(std::string v) {
    return {.type = DataType::String, .null = false, .integer = 0, .real = 0, .text = std::move(v)};
}
Cell of_ticks(DataType type, std::int64_t v) {
    return {.type = type, .null = false, .integer = v, .real = 0, .text = {}};
}

int order(const Cell& a, const Cell& b) {
    if (a.null || b.null) {
        return a.null == b.null ? 0 : (a.null ? -1 : 1);
    }
    if (a.type == DataType::String) {
        const int c = a.text.compare(b.text);
        return c < 0 ? -1 : (c > 0 ? 1 : 0);
    }
    if (a.type == DataType::Real) {
        const bool x = std::isnan(a.real);
        const bool y = std::isnan(b.real);
        if (x || y) {
            return x == y ? 0 : (x ? -1 : 1);
        }
        return a.real < b.real ? -1 : (a.real > b.real ? 1 : 0);
    }
    return a.integer < b.integer ? -1 : (a.integer > b.integer ? 1 : 0);
}

bool same(const Cell& a, const Cell& b) {
    return a.null == b.null && order(a, b) == 0;
}

std::string text_of(const Cell& cell) {
    if (cell.null) {
        return "null";
    }
    char buffer[64];
    switch (cell.type) {
        case DataType::String:
            return "'" + cell.text + "'";
        case DataType::Real:
            if (std::isnan(cell.real)) {
                return "nan";
            }
            // -0.0 and 0.0 are one value; the last digits belong to the order of a sum.
            std::snprintf(buffer, sizeof buffer, "%.9g", cell.real == 0 ? 0.0 : cell.real);
            return buffer;
        default:
            return std::to_string(cell.integer);
    }
}

std::string literal_of(const Cell& cell) {
    const std::string type(columns::type_name(cell.type));
    if (cell.null) {
        return type + "(null)";
    }
    char buffer[64];
    switch (cell.type) {
        case DataType::Bool:
            return cell.integer != 0 ? "true" : "false";
        case DataType::Long:
            return "long(" + std::to_string(cell.integer) + ")";
        case DataType::Real:
            if (std::isnan(cell.real)) {
                return "real(nan)";
            }
            if (std::isinf(cell.real)) {
                return cell.real > 0 ? "real(+inf)" : "real(-inf)";
            }
            std::snprintf(buffer, sizeof buffer, "real(%.17g)", cell.real);
            return buffer;
        case DataType::String:
            return "\"" + cell.text + "\"";
        case DataType::DateTime:
            // Whole seconds since 2020-01-01, the twin's epoch.
            std::snprintf(
                buffer, sizeof buffer, "(datetime(2020-01-01) + %llds)",
                static_cast<long long>((cell.integer - 637'134'336'000'000'000) / 10'000'000));
            return buffer;
        default:
            std::snprintf(buffer, sizeof buffer, "(%lldtick)",
                          static_cast<long long>(cell.integer));
            return buffer;
    }
}

}  // namespace qd::kql::twin
