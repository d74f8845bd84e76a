#pragma once

#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Rows out of bytes: what stands behind an externaldata() address, what is ingested.
namespace qd::kql {

/// Where a column's value comes from. Source: Kusto, "Ingestion mappings".
struct ColumnMapping {
    enum class Transform : std::uint8_t {
        None,
        SourceLineNumber,
        UnixSeconds,
        UnixMilliseconds,
        UnixMicroseconds,
        UnixNanoseconds,
        BagOfArray,  // PropertyBagArrayToDictionary: [{"Key":k,"Value":v}] -> {k:v}
        BytesAsBase64,
    };
    std::string column;
    std::optional<std::size_t> ordinal;  // separated formats
    std::string path;                    // JSON formats: "$.a['b'][0]"
    std::optional<std::string> constant;
    Transform transform = Transform::None;
};

struct IngestFormat {
    columns::Schema schema;
    std::string format = "csv";  // csv, tsv, scsv, psv, sohsv, json, multijson, txt, raw
    bool skip_first = false;
    std::uint64_t rows_max = ~std::uint64_t{0};
    /// Empty: by position in separated formats, by name in JSON.
    std::vector<ColumnMapping> mapping;
};

/// A mapping's JSON text, in all spellings that are about: [{"Column":…,"Properties":{"Path":…}}],
/// [{"column":…,"path":…}], [{"Name":…,"Ordinal":…}]. `separated`: a position is needed, else a
/// path. Errors: InvalidArgument SEM0311.
Result<std::vector<ColumnMapping>> parse_ingestion_mapping(std::string_view json, bool separated);

/// By the address's file name ("…/x.json?sig=…" -> "multijson"); csv when nothing else is known.
std::string guess_ingest_format(std::string_view uri);
/// Whether the format has columns by position.
bool is_separated_format(std::string_view format);
/// Appends rows. Cells that do not fit their column are null.
/// Errors: InvalidArgument SEM0310 for a format that is not known, bytes that are not of it, or
/// more rows than allowed.
Status read_rows(std::string_view bytes, const IngestFormat& format, columns::Table& out);

}  // namespace qd::kql
