#pragma once

#include "qd/base/result.h"
#include "qd/columns/type.h"

#include <string>
#include <string_view>

/// A materialized view's query, taken apart so that it can be answered from two halves: states
/// made of the rows seen so far, and the rows that came since.
namespace qd::query {

/// Texts over named tables; columns are k0… (keys) and s0… (states).
struct ViewTexts {
    std::string operators;  // "| where …": what stands before the summarize
    std::string partial;    // "summarize s0 = count() by k0 = user": rows into states
    std::string merge;      // "summarize s0 = sum(s0) by k0": states into states
    std::string result;     // "project user = k0, count_ = s0": states into the view's columns
    std::string columns;    // "k0, s0"
};

/// `source` is the table the view is on, `schema` what its query (the text between the braces)
/// gives. Errors: InvalidArgument QRY0040 says what a view's query must look like.
Result<ViewTexts> take_view_apart(std::string_view query, std::string_view source,
                                  const columns::Schema& schema);

}  // namespace qd::query
