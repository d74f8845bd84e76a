#include "exec/term_match.h"
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/columns/text.h"

// has_any_index(): which of several terms a text holds. Source: kql.md b.10.

namespace qd::kql {
namespace {

Result<BoundCall> bind_has_any_index(std::span<const Argument> args) {
    return bind_row(
        "has_any_index", args, {Accepts::Text, Accepts::Array}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const VariantView terms = variant_at(a, 1, row);
            for (std::uint32_t i = 0; i < terms.size(); ++i) {
                const std::string term =
                    columns::to_text(Scalar::of_variant(std::string(terms.element(i).bytes())));
                if (TextMatcher(TextTest::Has, term, false).matches(text_at(a, 0, row))) {
                    out.append_int(i);
                    return;
                }
            }
            out.append_int(-1);
        });
}

constexpr ScalarFunction kFunctions[] = {
    {"has_any_index", "has_any_index(text:string, terms:dynamic) : long",
     "Index of the first of the terms that the text holds, -1 when it holds none.", 2, 2,
     Naming::Anonymous, bind_has_any_index},
};

}  // namespace

std::span<const ScalarFunction> string_term_functions() {
    return kFunctions;
}

}  // namespace qd::kql
