#pragma once

#include "qd/base/result.h"
#include "qd/kql/ingest_format.h"
#include "qd/workspace/workspace.h"

#include <cstdint>
#include <string>
#include <string_view>

/// Ingesting bytes the way Kusto's ingestion endpoints take them.
namespace qd::query {

struct IngestRequest {
    std::string format = "csv";
    std::string mapping_name;  // of a mapping of the table
    std::string mapping_text;  // or the mapping itself
    bool skip_first = false;
};

/// Errors: NotFound QRY0046 for a mapping that is not there; those of parse_ingestion_mapping().
Result<kql::IngestFormat> ingest_format(const workspace::Workspace& workspace,
                                        const workspace::TableSchema& table,
                                        const IngestRequest& request);
/// The rows stored. Errors: those of kql::read_rows() and of the workspace.
Result<std::uint64_t> ingest_text(workspace::Workspace& workspace,
                                  const workspace::TableSchema& table, std::string_view bytes,
                                  const kql::IngestFormat& format);
/// append_and_wait() of any number of rows, a batch at a time.
Status append_in_pieces(workspace::Workspace& workspace, const std::string& table,
                        columns::Table rows);

/// Kinds of mapping: csv and json; the attribute that holds one.
std::string mapping_key(std::string_view kind, std::string_view name);

}  // namespace qd::query
