#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/columns/type.h"
#include "qd/crypto/secret.h"
#include "qd/telemetry/row_sink.h"

#include <string>
#include <string_view>
#include <vector>

/// The HTTP Data Collector API's rules (the cloud service has ended; its senders have not).
namespace qd::telemetry {

/// What a Data Collector request is signed over.
struct SharedKeyRequest {
    std::string_view authorization;  // "SharedKey id:signature"
    std::string_view date;           // x-ms-date
    std::uint64_t content_length = 0;
    std::string_view content_type;
};

/// Checks the signature against either of a workspace's keys (base64 text).
/// Errors: PermissionDenied TEL0031 (InvalidAuthorization) for a wrong id, signature or a date more
/// than 15 minutes off.
Status check_shared_key(const SharedKeyRequest& request, std::string_view workspace_id,
                        const std::vector<crypto::Secret>& keys, Timestamp now);

/// "Tue, 23 Nov 2026 19:00:00 GMT"; nothing when malformed.
std::optional<Timestamp> parse_rfc1123(std::string_view text);

/// A column of a custom table as the API names it: name, suffix by JSON type (_s _b _d _t _g).
/// `existing` is the table as it is: a number sent as text goes to an existing _d column when it
/// parses. Null members have no column.
struct CollectorCell {
    std::string column;
    columns::DataType type;
    Value value;
};
std::optional<CollectorCell> collector_cell(std::string_view name, const Value& value,
                                            const columns::Schema* existing);

/// The rows of one request for table `<log_type>_CL`. Columns the table lacks are added through the
/// sink. `time_field` names the member that holds TimeGenerated, or is empty.
/// Errors: InvalidArgument TEL0032 (InvalidDataFormat) when the body is no object or array of
/// objects.
Result<columns::Table> collector_rows(const Value& body, std::string_view table,
                                      std::string_view time_field, RowSink& sink,
                                      Timestamp arrival);

}  // namespace qd::telemetry
