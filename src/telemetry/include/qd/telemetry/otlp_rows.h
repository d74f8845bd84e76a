#pragma once

#include "qd/base/time.h"
#include "qd/telemetry/otlp.h"
#include "qd/telemetry/row_builder.h"
#include "qd/telemetry/row_sink.h"

#include <cstdint>
#include <string>
#include <vector>

namespace qd::telemetry {

/// Rows of several tables that one request became.
struct MappedRows {
    std::vector<std::pair<std::string, columns::Table>> tables;  // table name, rows
    /// Items refused one by one (an invalid id, say), with why; OTLP's partial success.
    std::int64_t rejected = 0;
    std::string rejected_why;
};

/// Spans: kind SERVER and CONSUMER become AppRequests, the others AppDependencies; exception events
/// become AppExceptions, every span an OTelSpans row too. Field rules: the Azure Monitor
/// exporter's, reading both generations of semantic conventions. Errors: Internal TEL0010 when the
/// sink lacks a built-in table.
Result<MappedRows> map_spans(const OtlpTraces& traces, RowSink& sink, Timestamp arrival);
/// Log records: AppTraces, or AppExceptions when they carry exception.type, or KubeEvents and
/// ContainerLogV2 when their attributes say so.
Result<MappedRows> map_logs(const OtlpLogs& logs, RowSink& sink, Timestamp arrival);
/// Metric points: AppMetrics (cumulative values as they are; buckets and quantiles in Properties).
Result<MappedRows> map_metrics(const OtlpMetrics& metrics, RowSink& sink, Timestamp arrival);

}  // namespace qd::telemetry
