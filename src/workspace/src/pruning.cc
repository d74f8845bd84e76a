// Bounds only: least and greatest of a row group against a constant.
#include "pruning.h"

#include "qd/workspace/limits.h"

#include <cmath>
#include <cstring>

namespace qd::workspace::internal {

namespace {

using columns::DataType;
using columns::Scalar;
using Op = ScanPredicate::Op;

bool is_integral(DataType type) {
    return type == DataType::Bool || type == DataType::Int || type == DataType::Long ||
           type == DataType::DateTime || type == DataType::TimeSpan;
}

bool is_plain_number(DataType type) {
    return type == DataType::Int || type == DataType::Long || type == DataType::Real;
}

// Whether some value in [least, greatest] can satisfy `value op constant`.
template <typename T>
bool may_match(Op op, const T& least, const T& greatest, const T& constant) {
    switch (op) {
        case Op::Equal:
            return !(constant < least) && !(greatest < constant);
        case Op::Less:
            return least < constant;
        case Op::LessOrEqual:
            return !(constant < least);
        case Op::Greater:
            return constant < greatest;
        case Op::GreaterOrEqual:
            return !(greatest < constant);
        case Op::HasTerm:
        case Op::HasText:
            break;  // bounds say nothing about what is inside
    }
    return true;
}

template <typename T>
T bound_value(const std::string& raw) {
    T v{};
    std::memcpy(&v, raw.data(), sizeof(T));
    return v;
}

bool text_may_match(const ColumnPart& part, Op op, const std::string& constant) {
    const bool absent = part.encoding == Encoding::Absent;
    if (op == Op::HasTerm || op == Op::HasText) {
        return !absent;
    }
    if (!absent && part.greatest.empty()) {
        // Only the lower bound is known.
        return op == Op::Greater || op == Op::GreaterOrEqual ||
               may_match<std::string>(op, part.least, constant < part.least ? part.least : constant,
                                      constant);
    }
    return may_match<std::string>(op, part.least, part.greatest, constant);
}

}  // namespace

bool part_may_match(const ExtentColumn& column, const ColumnPart& part,
                    const ScanPredicate& predicate) {
    const Op op = predicate.op;
    const Scalar& constant = predicate.value;
    if (constant.is_null()) {
        return true;
    }
    if (column.type == DataType::String) {
        return constant.type() != DataType::String || text_may_match(part, op, constant.bytes());
    }
    const bool same = column.type == constant.type();
    const bool numbers = is_plain_number(column.type) && is_plain_number(constant.type());
    if (!same && !numbers) {
        return true;
    }
    if (part.encoding == Encoding::Absent) {
        return false;  // nulls satisfy no comparison
    }
    if (part.least.size() != 8 || part.greatest.size() != 8) {
        return true;
    }
    if (is_integral(column.type) && is_integral(constant.type())) {
        const std::int64_t v =
            column.type == DataType::Bool ? (constant.as_bool() ? 1 : 0) : constant.as_int();
        return may_match(op, bound_value<std::int64_t>(part.least),
                         bound_value<std::int64_t>(part.greatest), v);
    }
    const auto real_bound = [&](const std::string& raw) {
        return column.type == DataType::Real ? bound_value<double>(raw)
                                             : static_cast<double>(bound_value<std::int64_t>(raw));
    };
    const double v = constant.type() == DataType::Real ? constant.as_real()
                                                       : static_cast<double>(constant.as_int());
    if (std::isnan(v) || (column.type != DataType::Real && column.type != DataType::Int)) {
        return true;  // 64-bit integers lose digits as doubles: no proof
    }
    return may_match(op, real_bound(part.least), real_bound(part.greatest), v);
}

bool times_may_match(const Bounds& time, const ScanOptions& options) {
    if (!options.from && !options.to) {
        return true;
    }
    // Rows without a time satisfy no range; a piece of which nothing is known stays in.
    return time.empty() || ((!options.to || time.least < options.to->ticks) &&
                            (!options.from || time.greatest >= options.from->ticks));
}

std::vector<ScanPredicate> all_predicates(const ScanOptions& options) {
    std::vector<ScanPredicate> out = options.predicates;
    if (options.from) {
        out.push_back({std::string(kTimeGenerated), Op::GreaterOrEqual,
                       Scalar::of_datetime(options.from->ticks)});
    }
    if (options.to) {
        out.push_back(
            {std::string(kTimeGenerated), Op::Less, Scalar::of_datetime(options.to->ticks)});
    }
    return out;
}

}  // namespace qd::workspace::internal
