#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/json_path.h"
#include "functions/row_kernels.h"
#include "qd/columns/text.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

// Property bags: packing, merging (first wins), keys. Keys keep the order they came in.
// Source: kql.md b.17, b.18.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;

std::string element_text(const VariantView& v) {
    return columns::to_text(Scalar::of_variant(std::string(v.bytes())));
}

/// Keys and values by turns. A key given twice keeps its last value.
void append_bag(Args a, std::uint32_t row, ColumnBuilder& out, bool skip_empty) {
    BagBytes bag;
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
        last[text_at(a, i, row)] = i;
    }
    std::string cell;
    for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
        if (last[text_at(a, i, row)] != i) {
            continue;
        }
        const columns::Column& value = *a[i + 1];
        const bool empty =
            value.is_null(row) || (value.type() == DataType::String && value.bytes_at(row).empty());
        if (skip_empty && empty) {
            continue;
        }
        cell.clear();
        append_cell_as_variant(cell, value, row);
        bag.append(text_at(a, i, row), cell);
    }
    std::string bytes;
    bag.append_to(bytes);
    out.append_bytes(bytes);
}

Result<BoundCall> bind_pack(std::span<const Argument> args, bool skip_empty) {
    if (args.size() % 2 != 0) {
        return semantic_error("SEM0219", "bag_pack(): the number of arguments must be even",
                              args.back().span);
    }
    BoundCall call;
    call.type = DataType::Dynamic;
    for (std::size_t i = 0; i < args.size(); ++i) {
        QD_TRY(const DataType type,
               accept("bag_pack", args[i], i % 2 == 0 ? Accepts::Text : Accepts::Any, i));
        call.arg_types.push_back(type);
    }
    call.kernel = row_kernel(
        DataType::Dynamic,
        [skip_empty](Args a, std::uint32_t row, ColumnBuilder& out) {
            append_bag(a, row, out, skip_empty);
        },
        Nulls::Passed);
    return call;
}

Result<BoundCall> bind_bag_merge(std::span<const Argument> args) {
    return bind_row(
        "bag_merge", args, {Accepts::Array}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            BagBytes bag;
            std::unordered_set<std::string_view> seen;
            bool any = false;
            for (const ColumnPtr& arg : a) {
                const VariantView v(arg->bytes_at(row));
                if (v.kind() != Kind::Object) {
                    continue;
                }
                any = true;
                for (std::uint32_t i = 0; i < v.size(); ++i) {
                    if (seen.insert(v.key(i)).second) {
                        bag.append(v.key(i), v.property_at(i).bytes());
                    }
                }
            }
            if (!any) {
                out.append_null();
                return;
            }
            std::string bytes;
            bag.append_to(bytes);
            out.append_bytes(bytes);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_bag_keys(std::span<const Argument> args) {
    return bind_row("bag_keys", args, {Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const VariantView bag = variant_at(a, 0, row);
                        if (bag.kind() != Kind::Object) {
                            out.append_null();
                            return;
                        }
                        ArrayBytes keys;
                        for (std::uint32_t i = 0; i < bag.size(); ++i) {
                            append_variant_string(keys.bytes(), bag.key(i));
                            keys.end_element();
                        }
                        std::string bytes;
                        keys.append_to(bytes);
                        out.append_bytes(bytes);
                    });
}

Result<BoundCall> bind_bag_has_key(std::span<const Argument> args) {
    return bind_row(
        "bag_has_key", args, {Accepts::Array, Accepts::Text}, DataType::Bool,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const VariantView bag = variant_at(a, 0, row);
            const std::string_view key = text_at(a, 1, row);
            if (bag.kind() != Kind::Object) {
                out.append_bool(false);
                return;
            }
            for (std::uint32_t i = 0; i < bag.size(); ++i) {
                if (bag.key(i) == key) {
                    out.append_bool(true);
                    return;
                }
            }
            const auto steps = steps_of_key(key);
            out.append_bool(key.starts_with("$") && follow_path(bag.to_value(), steps) != nullptr);
        });
}

void remove_path(Value& root, const std::vector<PathStep>& steps, std::size_t depth) {
    const auto* name = std::get_if<std::string>(&steps[depth]);
    if (Object* object = root.if_object(); object != nullptr && name != nullptr) {
        if (depth + 1 == steps.size()) {
            object->erase(*name);
        } else if (Value* child = object->find(*name)) {
            remove_path(*child, steps, depth + 1);
        }
        return;
    }
    Array* array = root.if_array();
    const auto* index = std::get_if<std::int64_t>(&steps[depth]);
    if (array == nullptr || index == nullptr || *index < 0 ||
        *index >= static_cast<std::int64_t>(array->size())) {
        return;
    }
    if (depth + 1 == steps.size()) {
        array->erase(array->begin() + *index);
    } else {
        remove_path((*array)[static_cast<std::size_t>(*index)], steps, depth + 1);
    }
}

Result<BoundCall> bind_bag_remove_keys(std::span<const Argument> args) {
    return bind_row("bag_remove_keys", args, {Accepts::Array, Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        Value bag = variant_at(a, 0, row).to_value();
                        const VariantView keys = variant_at(a, 1, row);
                        if (bag.if_object() == nullptr) {
                            out.append_null();
                            return;
                        }
                        for (std::uint32_t i = 0; i < keys.size(); ++i) {
                            const std::string key = element_text(keys.element(i));
                            const auto steps = steps_of_key(key);
                            if (!steps.empty()) {
                                remove_path(bag, steps, 0);
                            }
                        }
                        out.append_value(bag);
                    });
}

void set_path(Value& root, const std::vector<PathStep>& steps, std::size_t depth, Value value) {
    if (depth == steps.size()) {
        root = std::move(value);
        return;
    }
    const auto* name = std::get_if<std::string>(&steps[depth]);
    if (name == nullptr) {
        return;
    }
    Object fresh;
    if (root.if_object() == nullptr) {
        root = Value(std::move(fresh));
    }
    Object* object = root.if_object();
    Value* child = object->find(*name);
    set_path(child != nullptr ? *child : object->set(*name, Value()), steps, depth + 1,
             std::move(value));
}

Result<BoundCall> bind_bag_set_key(std::span<const Argument> args) {
    return bind_row(
        "bag_set_key", args, {Accepts::Array, Accepts::Text, Accepts::Any}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            Value bag = variant_at(a, 0, row).to_value();
            if (bag.if_object() == nullptr) {
                out.append_null();
                return;
            }
            set_path(bag, steps_of_key(text_at(a, 1, row)), 0, a[2]->scalar_at(row).to_value());
            out.append_value(bag);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_bag_zip(std::span<const Argument> args) {
    return bind_row("bag_zip", args, {Accepts::Array, Accepts::Array}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const VariantView keys = variant_at(a, 0, row);
                        const VariantView values = variant_at(a, 1, row);
                        if (keys.kind() != Kind::Array) {
                            out.append_null();
                            return;
                        }
                        Object bag;
                        for (std::uint32_t i = 0; i < keys.size(); ++i) {
                            if (keys.element(i).kind() != Kind::String) {
                                continue;
                            }
                            const bool has = values.kind() == Kind::Array && i < values.size();
                            bag.set(std::string(keys.element(i).as_string()),
                                    has ? values.element(i).to_value() : Value());
                        }
                        out.append_value(Value(std::move(bag)));
                    });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"bag_pack", "bag_pack(key:string, value:scalar, …) : dynamic",
     "A property bag of keys and values.", 2, 255, Naming::Anonymous,
     [](Arguments args) { return bind_pack(args, false); }},
    {"pack", "pack(key:string, value:scalar, …) : dynamic", "Old spelling of bag_pack().", 2, 255,
     Naming::Anonymous, [](Arguments args) { return bind_pack(args, false); }},
    {"pack_dictionary", "pack_dictionary(key:string, value:scalar, …) : dynamic",
     "Old spelling of bag_pack().", 2, 255, Naming::Anonymous,
     [](Arguments args) { return bind_pack(args, false); }},
    {"bag_merge", "bag_merge(bag:dynamic, …) : dynamic",
     "Joins bags; of equal keys the first wins.", 2, 64, Naming::Anonymous, bind_bag_merge},
    {"bag_keys", "bag_keys(bag:dynamic) : dynamic", "The keys of a bag; null for anything else.", 1,
     1, Naming::Anonymous, bind_bag_keys},
    {"bag_has_key", "bag_has_key(bag:dynamic, key:string) : bool",
     "Whether a bag has a key or, for a key beginning with $., a path.", 2, 2, Naming::Anonymous,
     bind_bag_has_key},
    {"bag_remove_keys", "bag_remove_keys(bag:dynamic, keys:dynamic) : dynamic",
     "The bag without some keys or paths.", 2, 2, Naming::Anonymous, bind_bag_remove_keys},
    {"bag_set_key", "bag_set_key(bag:dynamic, key:string, value:scalar) : dynamic",
     "The bag with one key or path set.", 3, 3, Naming::Anonymous, bind_bag_set_key},
    {"bag_zip", "bag_zip(keys:dynamic, values:dynamic) : dynamic",
     "A bag from an array of keys and one of values.", 2, 2, Naming::Anonymous, bind_bag_zip},
};

}  // namespace

std::span<const ScalarFunction> dynamic_bag_functions() {
    return kFunctions;
}

}  // namespace qd::kql
