#include "constant_argument.h"

#include "qd/codec/guid.h"
#include "qd/columns/variant.h"

#include <cmath>
#include <limits>

namespace qd::kql {

Error argument_error(std::string_view function, std::string_view what, TextSpan span) {
    std::string message(function);
    message += "(): ";
    message += what;
    return Error(Code::InvalidArgument, "SEM0230", std::move(message)).with_span(span);
}

double scalar_to_real(const Scalar& value) {
    if (value.is_null()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    switch (value.type()) {
        case DataType::Real:
            return value.as_real();
        case DataType::Decimal:
            return decimal_to_double({value.as_wide()});
        case DataType::Dynamic: {
            const columns::VariantView view(value.bytes());
            if (view.kind() == columns::VariantView::Kind::Long) {
                return static_cast<double>(view.as_int());
            }
            if (view.kind() == columns::VariantView::Kind::Real) {
                return view.as_real();
            }
            return std::numeric_limits<double>::quiet_NaN();
        }
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return static_cast<double>(value.as_int());
        case DataType::String:
        case DataType::Guid:
            break;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

std::optional<double> constant_real(const Argument& argument) {
    if (argument.constant == nullptr) {
        return std::nullopt;
    }
    const double v = scalar_to_real(*argument.constant);
    return std::isnan(v) ? std::nullopt : std::optional<double>(v);
}

std::optional<std::int64_t> constant_int(const Argument& argument) {
    const auto v = constant_real(argument);
    if (!v || std::abs(*v) > 9e18) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*v);
}

std::optional<std::string> constant_text(const Argument& argument) {
    if (argument.constant == nullptr) {
        return std::nullopt;
    }
    if (argument.type == DataType::String) {
        return argument.constant->bytes();
    }
    if (argument.type == DataType::Dynamic) {
        const columns::VariantView view(argument.constant->bytes());
        if (view.kind() == columns::VariantView::Kind::String) {
            return std::string(view.as_string());
        }
    }
    return std::nullopt;
}

}  // namespace qd::kql
