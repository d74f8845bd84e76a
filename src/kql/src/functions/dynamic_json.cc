#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/json_path.h"
#include "functions/row_kernels.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/columns/type.h"

#include <algorithm>
#include <string>

// Between text and dynamic: parse_json(), extract_json(), dynamic_to_json(), and treepath().
// Text that is not JSON becomes a dynamic string, the empty text null. Source: kql.md b.11, b.17,
// b.19.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;

/// parse_json(): a dynamic passes as it is.
Result<BoundCall> bind_parse_json(std::span<const Argument> args) {
    if (args[0].type == DataType::Dynamic) {
        return bind_kernel(
            "parse_json", args, {Accepts::Any}, DataType::Dynamic,
            [](const EvalContext&, Args a, std::uint32_t) -> Result<ColumnPtr> { return a[0]; });
    }
    return bind_row("parse_json", args, {Accepts::StringOrDynamic}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view text = text_at(a, 0, row);
                        if (text.empty()) {
                            out.append_null();
                            return;
                        }
                        if (const auto parsed = columns::variant_from_json(text)) {
                            out.append_bytes(*parsed);
                            return;
                        }
                        std::string bytes;
                        append_variant_string(bytes, text);
                        out.append_bytes(bytes);
                    });
}

Result<BoundCall> bind_extract_json(std::span<const Argument> args) {
    QD_TRY(const std::string path, constant_text("extract_json", args[0], "path"));
    auto steps = parse_json_path(path);
    if (!steps) {
        return semantic_error("SEM0230", "extract_json(): this is no JSON path: " + path,
                              args[0].span);
    }
    DataType type = DataType::String;
    if (args.size() > 2) {
        QD_TRY(const std::string name, constant_text("extract_json", args[2], "typeof"));
        const auto parsed = columns::parse_type(name);
        if (!parsed) {
            return semantic_error("SEM0225", "extract_json(): unknown type: " + name, args[2].span);
        }
        type = *parsed;
    }
    ScalarKernel find = row_kernel(
        DataType::Dynamic,
        [steps = std::move(*steps)](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto parsed = codec::parse_json(text_at(a, 1, row));
            const Value* found = parsed.ok() ? follow_path(parsed.value(), steps) : nullptr;
            if (found == nullptr) {
                out.append_null();
            } else {
                out.append_value(*found);
            }
        });
    ScalarKernel kernel = [find = std::move(find), type](const EvalContext& context, Args a,
                                                         std::uint32_t rows) -> Result<ColumnPtr> {
        QD_TRY(const ColumnPtr found, find(context, a, rows));
        return cast_column(found, type);
    };
    return bind_kernel("extract_json", args, {Accepts::Text, Accepts::Text, Accepts::Text}, type,
                       std::move(kernel));
}

Value sorted_keys(const Value& value) {
    if (const Array* array = value.if_array()) {
        Array out;
        for (const Value& element : *array) {
            out.push_back(sorted_keys(element));
        }
        return out;
    }
    if (const Object* object = value.if_object()) {
        std::vector<const Object::Entry*> entries;
        for (const auto& entry : *object) {
            entries.push_back(&entry);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const auto* a, const auto* b) { return a->first < b->first; });
        Object out;
        for (const auto* entry : entries) {
            out.append(entry->first, sorted_keys(entry->second));
        }
        return out;
    }
    return value;
}

Result<BoundCall> bind_dynamic_to_json(std::span<const Argument> args) {
    return bind_row(
        "dynamic_to_json", args, {Accepts::Any}, DataType::String,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            out.append_bytes(codec::to_json(sorted_keys(a[0]->scalar_at(row).to_value())));
        });
}

/// Every path once, arrays under the index 0 whichever element it is.
void collect_paths(const Value& value, const std::string& prefix, Array& paths) {
    const auto add = [&paths](const std::string& path) {
        const Value candidate(path);
        if (std::find(paths.begin(), paths.end(), candidate) == paths.end()) {
            paths.push_back(candidate);
        }
    };
    if (const Object* object = value.if_object()) {
        for (const auto& [key, child] : *object) {
            const std::string path = prefix + "['" + key + "']";
            add(path);
            collect_paths(child, path, paths);
        }
    } else if (const Array* array = value.if_array()) {
        const std::string path = prefix + "[0]";
        if (!array->empty()) {
            add(path);
        }
        for (const Value& child : *array) {
            collect_paths(child, path, paths);
        }
    }
}

Result<BoundCall> bind_treepath(std::span<const Argument> args) {
    return bind_row("treepath", args, {Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        Array paths;
                        collect_paths(variant_at(a, 0, row).to_value(), "", paths);
                        out.append_value(Value(std::move(paths)));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"parse_json", "parse_json(text:string) : dynamic", "Reads JSON text as a dynamic value.", 1, 1,
     Naming::FirstArgument, bind_parse_json},
    {"parsejson", "parsejson(text:string) : dynamic", "Old spelling of parse_json().", 1, 1,
     Naming::FirstArgument, bind_parse_json},
    {"todynamic", "todynamic(text:string) : dynamic", "Same as parse_json().", 1, 1,
     Naming::FirstArgument, bind_parse_json},
    {"toobject", "toobject(text:string) : dynamic", "Old spelling of todynamic().", 1, 1,
     Naming::FirstArgument, bind_parse_json},
    {"extract_json", "extract_json(path:string, text:string [, typeof(type)]) : string",
     "The value at a path of a JSON text.", 2, 3, Naming::Anonymous, bind_extract_json},
    {"extractjson", "extractjson(path:string, text:string [, typeof(type)]) : string",
     "Old spelling of extract_json().", 2, 3, Naming::Anonymous, bind_extract_json},
    {"dynamic_to_json", "dynamic_to_json(value:dynamic) : string",
     "Canonical JSON text: keys in order.", 1, 1, Naming::Anonymous, bind_dynamic_to_json},
    {"treepath", "treepath(bag:dynamic) : dynamic", "The paths of all parts of a value.", 1, 1,
     Naming::FunctionAndArgument, bind_treepath, true, "tree"},
};

}  // namespace

std::span<const ScalarFunction> dynamic_json_functions() {
    return kFunctions;
}

}  // namespace qd::kql
