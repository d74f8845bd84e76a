#include "ingest_text.h"

#include "qd/workspace/limits.h"

namespace qd::query {

std::string mapping_key(std::string_view kind, std::string_view name) {
    return "mapping/" + std::string(kind) + "/" + std::string(name);
}

Result<kql::IngestFormat> ingest_format(const workspace::Workspace& workspace,
                                        const workspace::TableSchema& table,
                                        const IngestRequest& request) {
    const bool separated = kql::is_separated_format(request.format);
    kql::IngestFormat out;
    out.schema = table.schema();
    out.format = request.format;
    out.skip_first = request.skip_first;
    std::string text = request.mapping_text;
    if (text.empty() && !request.mapping_name.empty()) {
        const std::string key = mapping_key(separated ? "csv" : "json", request.mapping_name);
        for (const workspace::Attribute& one : workspace.attributes("table/" + table.name)) {
            if (one.key == key) {
                text = one.value;
            }
        }
        if (text.empty()) {
            return Error(
                Code::NotFound, "QRY0046",
                "the table has no ingestion mapping of that name: " + request.mapping_name);
        }
    }
    if (!text.empty()) {
        QD_TRY(out.mapping, kql::parse_ingestion_mapping(text, separated));
    }
    return out;
}

Result<std::uint64_t> ingest_text(workspace::Workspace& workspace,
                                  const workspace::TableSchema& table, std::string_view bytes,
                                  const kql::IngestFormat& format) {
    columns::Table rows{.schema = format.schema, .chunks = {}};
    QD_CHECK_OK(kql::read_rows(bytes, format, rows));
    const std::uint64_t count = rows.rows();
    QD_CHECK_OK(append_in_pieces(workspace, table.name, std::move(rows)));
    return count;
}

Status append_in_pieces(workspace::Workspace& workspace, const std::string& table,
                        columns::Table rows) {
    constexpr std::uint64_t kPieceRows = workspace::kBatchRowsMax;
    columns::Table piece{.schema = rows.schema, .chunks = {}};
    const auto send = [&]() -> Status {
        if (piece.chunks.empty()) {
            return {};
        }
        Status sent = workspace.append_and_wait(table, std::move(piece));
        piece = {.schema = rows.schema, .chunks = {}};
        return sent;
    };
    for (columns::Chunk& chunk : rows.chunks) {
        if (piece.rows() + chunk.rows > kPieceRows) {
            QD_CHECK_OK(send());
        }
        piece.chunks.push_back(std::move(chunk));
    }
    return send();
}

}  // namespace qd::query
