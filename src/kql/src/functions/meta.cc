#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/kql/engine.h"

#include <algorithm>
#include <string>

// Functions about the query's surroundings rather than its data. Rows here belong to no extent:
// those answers are the empty ones of their type.

namespace qd::kql {
namespace {

using columns::Column;
using Arguments = std::span<const Argument>;

/// The same value for every row.
template <typename Make>
Result<BoundCall> bind_constant(DataType type, Make make) {
    BoundCall call;
    call.type = type;
    call.kernel = [make](const EvalContext& context, Args,
                         std::uint32_t rows) -> Result<ColumnPtr> {
        return Column::make_constant(make(context), rows);
    };
    return call;
}

Result<BoundCall> bind_empty_text(Arguments) {
    return bind_constant(DataType::String,
                         [](const EvalContext&) { return Scalar::of_string(""); });
}
Result<BoundCall> bind_database(Arguments) {
    return bind_constant(DataType::String, [](const EvalContext& context) {
        return Scalar::of_string(context.catalog == nullptr ? std::string()
                                                            : context.catalog->default_database());
    });
}
Result<BoundCall> bind_cluster(Arguments) {
    return bind_constant(DataType::String,
                         [](const EvalContext&) { return Scalar::of_string("localhost"); });
}
Result<BoundCall> bind_principal(Arguments) {
    return bind_constant(DataType::String, [](const EvalContext& context) {
        return Scalar::of_string(context.principal == nullptr ? "" : context.principal->name);
    });
}
Result<BoundCall> bind_principal_details(Arguments) {
    return bind_constant(DataType::Dynamic, [](const EvalContext& context) {
        Object out;
        if (context.principal != nullptr) {
            out.set("FullyQualifiedName", context.principal->name);
            Array groups;
            for (const std::string& group : context.principal->groups) {
                groups.push_back(Value(group));
            }
            out.set("Groups", std::move(groups));
        }
        return Scalar::of_dynamic(Value(std::move(out)));
    });
}
/// Each argument is a principal's full name, or a list of them.
bool names_principal(const Scalar& value, const Principal& who) {
    const auto is = [&](std::string_view name) {
        return !name.empty() && (name == who.name || std::find(who.groups.begin(), who.groups.end(),
                                                               name) != who.groups.end());
    };
    const Value list = value.to_value();
    if (const Array* names = list.if_array()) {
        return std::any_of(names->begin(), names->end(),
                           [&](const Value& name) { return is(name.string_or("")); });
    }
    return is(list.string_or(""));
}
Result<BoundCall> bind_membership(Arguments args) {
    return bind_kernel(
        "current_principal_is_member_of", args, {Accepts::Any}, DataType::Bool,
        [](const EvalContext& context, Args a, std::uint32_t rows) {
            ColumnBuilder out(DataType::Bool, rows);
            for (std::uint32_t row = 0; row < rows; ++row) {
                bool member = false;
                for (const ColumnPtr& arg : a) {
                    member = member || (context.principal != nullptr &&
                                        names_principal(arg->scalar_at(row), *context.principal));
                }
                out.append_bool(member);
            }
            return Result<ColumnPtr>(out.finish());
        });
}

Result<BoundCall> bind_no_tags(Arguments) {
    return bind_constant(DataType::Dynamic,
                         [](const EvalContext&) { return Scalar::of_dynamic(Value(Array{})); });
}
Result<BoundCall> bind_zero_guid(Arguments) {
    return bind_constant(DataType::Guid,
                         [](const EvalContext&) { return Scalar::of_guid(Wide{}); });
}
Result<BoundCall> bind_true(Arguments) {
    return bind_constant(DataType::Bool, [](const EvalContext&) { return Scalar::of_bool(true); });
}

/// Bytes the values take: the width of a type, the length of a text.
Result<BoundCall> bind_data_size(Arguments args) {
    return bind_row(
        "estimate_data_size", args, {Accepts::Any}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::int64_t size = 0;
            for (const ColumnPtr& arg : a) {
                size += static_cast<std::int64_t>(columns::is_bytes(arg->type())
                                                      ? arg->bytes_at(row).size()
                                                      : columns::fixed_width(arg->type()));
            }
            out.append_int(size);
        },
        Nulls::Passed);
}

constexpr ScalarFunction kFunctions[] = {
    {"current_database", "current_database() : string", "The database of the query.", 0, 0,
     Naming::Anonymous, bind_database},
    {"current_cluster_endpoint", "current_cluster_endpoint() : string",
     "The name of the server that runs the query.", 0, 0, Naming::Anonymous, bind_cluster},
    {"current_principal", "current_principal() : string", "The full name of who runs the query.", 0,
     0, Naming::Anonymous, bind_principal},
    {"current_principal_details", "current_principal_details() : dynamic",
     "The full name of who runs the query, and the groups they are in.", 0, 0, Naming::Anonymous,
     bind_principal_details},
    {"current_principal_is_member_of", "current_principal_is_member_of(group, …) : bool",
     "Whether who runs the query is one of these or in one of these groups.", 1, 64,
     Naming::Anonymous, bind_membership},
    {"extent_id", "extent_id() : guid", "The extent of the row; zero.", 0, 0, Naming::Anonymous,
     bind_zero_guid},
    {"extentid", "extentid() : guid", "Old spelling of extent_id().", 0, 0, Naming::Anonymous,
     bind_zero_guid},
    {"extent_tags", "extent_tags() : dynamic", "The tags of the row's extent; none.", 0, 0,
     Naming::Anonymous, bind_no_tags},
    {"cursor_current", "cursor_current() : string", "The database's cursor; empty.", 0, 0,
     Naming::Anonymous, bind_empty_text},
    {"current_cursor", "current_cursor() : string", "Old spelling of cursor_current().", 0, 0,
     Naming::Anonymous, bind_empty_text},
    {"cursor_after", "cursor_after(cursor:string) : bool",
     "Whether the row came after a cursor; true, as no cursors are kept.", 1, 1, Naming::Anonymous,
     bind_true},
    {"cursor_before_or_at", "cursor_before_or_at(cursor:string) : bool",
     "Whether the row came no later than a cursor; true, as no cursors are kept.", 1, 1,
     Naming::Anonymous, bind_true},
    {"estimate_data_size", "estimate_data_size(value:scalar, …) : long",
     "About how many bytes the values take.", 1, 255, Naming::Anonymous, bind_data_size},
};

}  // namespace

std::span<const ScalarFunction> meta_functions() {
    return kFunctions;
}

}  // namespace qd::kql
