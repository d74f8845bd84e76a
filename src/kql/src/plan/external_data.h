#pragma once

#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <string>
#include <string_view>

/// Rows out of the bytes behind an externaldata() address.
namespace qd::kql {

struct ExternalFormat {
    columns::Schema schema;
    std::string format = "csv";  // csv, tsv, scsv, psv, json, multijson, txt, raw
    bool skip_first = false;
};

/// By the address's file name ("…/x.json?sig=…" -> "multijson"); csv when nothing else is known.
std::string guess_external_format(std::string_view uri);
/// Appends rows. Cells that do not fit their column are null.
/// Errors: InvalidArgument SEM0310 for a format that is not known or bytes that are not of it.
Status read_external_rows(std::string_view bytes, const ExternalFormat& format,
                          columns::Table& out);

}  // namespace qd::kql
